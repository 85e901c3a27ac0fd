/*
 * What the hooks and Python share. Python is made from this file too (cffi reads it), so that no number
 * and no place is written twice: declarations only, no directives but #define with one number.
 *
 * Addresses are those of the target, cycles count from power-on. Flags are 0 or 1. Only the thread that
 * runs the core touches what is here, but for `stop`, which any thread may set.
 */

/* Unicorn's public interface (unicorn.h, arm.h). */
enum {
    UC_ARM_REG_APSR_NZCV = 2,
    UC_ARM_REG_FPSCR = 6,
    UC_ARM_REG_LR = 10,
    UC_ARM_REG_PC = 11,
    UC_ARM_REG_SP = 12,
    UC_ARM_REG_R0 = 66,
    UC_ARM_REG_R12 = 78,
    UC_ARM_REG_S0 = 79,
    UC_ARM_REG_MSP = 115,
    UC_ARM_REG_PSP = 116,
    UC_ARM_REG_CONTROL = 117,
    UC_ARM_REG_XPSR = 120,
    UC_ARM_REG_PRIMASK = 123,
    UC_ARM_REG_BASEPRI = 124,
    UC_ARM_REG_FAULTMASK = 126,
    UC_MEM_WRITE_UNMAPPED = 20,
    UC_MEM_FETCH_UNMAPPED = 21,
    UC_MEM_WRITE_PROT = 22,
    UC_MEM_READ_PROT = 23,
    UC_MEM_FETCH_PROT = 24,
};

/* FLASH_SR and FLASH_CR (RM0385 sections 3.7.4 and 3.7.5). An STM32L4+ has PGPERR as SIZERR, ERSERR as PGSERR, SER as PER,
   and PROGERR besides (RM0432 sections 3.7.5 and 3.7.6). */
#define FLASH_SR_EOP 0x1
#define FLASH_SR_OPERR 0x2
#define FLASH_SR_PROGERR 0x8
#define FLASH_SR_WRPERR 0x10
#define FLASH_SR_PGAERR 0x20
#define FLASH_SR_PGPERR 0x40
#define FLASH_SR_ERSERR 0x80
#define FLASH_SR_BSY 0x10000
#define FLASH_CR_PG 0x1
#define FLASH_CR_SER 0x2
#define FLASH_CR_SNB_SHIFT 3
#define FLASH_CR_PSIZE_SHIFT 8
#define FLASH_CR_STRT 0x10000
#define FLASH_CR_EOPIE 0x1000000
#define FLASH_CR_ERRIE 0x2000000
#define FLASH_CR_LOCK 0x80000000

/* The software trigger interrupt register (Arm v7-M ARM, section B3.4.9). */
#define NVIC_STIR 0xE000EF00

/* Numbers of exceptions (PM0253 table 18). */
enum {
    EXCEPTION_NMI = 2,
    EXCEPTION_HARD_FAULT = 3,
    EXCEPTION_MEM_MANAGE = 4,
    EXCEPTION_BUS_FAULT = 5,
    EXCEPTION_SVCALL = 11,
    EXCEPTION_PENDSV = 14,
    MOST_EXCEPTIONS = 256,
    EXCEPTION_WORDS = 4, /* of 64 of them */
    LOWEST_PRIORITY = 256, /* of Thread mode */
};

enum {
    /* Costs are whole numbers of parts of a cycle, of which 1 << PART_BITS make one. */
    PART_BITS = 8,
    /* Ways of the cache for instructions and of the ART accelerator. */
    CACHE_WAYS = 2,
    DATA_WAYS = 4, /* of the data cache */
    /* Of a block's addresses, see `struct step`: entry registers, what is 0, and results after them. */
    NO_VALUE = 15,
    MOST_VALUES = 80,
    MOST_STEPS = 1 << 19,
    MOST_WAITS = 512,
    MOST_HISTORIES = 8, /* of the branch predictor */
    /* Blocks before a block whose cost together with it a record can hold. */
    PLACES_AFTER = 4,
    MOST_BLOCKS = 1 << 15,
    /* One flag stands for so many bytes of flash, as a power of two. */
    EXECUTED_SHIFT = 8,
    MOST_INTERVALS = 128,
    MOST_UNMODELLED = 2,
    /* Memories of the board behind controllers of the chip. */
    MOST_EXTERNAL = 2,
    EXTERNAL_SDRAM = 0,
    EXTERNAL_SERIAL_FLASH = 1,
    SDRAM_BANKS = 4,
    /* What an interval of memory protection allows: bits of mpu.py, which are Unicorn's. */
    PERMIT_READ = 1,
    PERMIT_WRITE = 2,
    PERMIT_EXECUTE = 4,
    PERMIT_UNALIGNED = 8, /* not Unicorn's: it is no device memory */
    /* What the data cache does with an interval. */
    NOT_CACHED = 0,
    WRITE_THROUGH = 1,  /* loads bring lines, stores go on to memory */
    WRITE_BACK = 2,     /* loads bring lines */
    WRITE_ALLOCATE = 3, /* loads and stores do */
};

/*
 * The predictor's state for a branch: where it went when it was last taken, 0 if it never was; and for each of the
 * latest outcomes of all branches a counter from 0 to 3.
 */
struct branch {
    uint64_t target;
    uint8_t counters[MOST_HISTORIES];
    uint64_t is_conditional;
};

/* What a step does with the sum of its base, its shifted index and its constant. */
enum {
    STEP_END,
    STEP_SUM,          /* keeps it */
    STEP_NEGATE,       /* keeps base - (index << shift) + constant */
    STEP_MULTIPLY,     /* keeps base * index + constant */
    STEP_BITS,         /* keeps `size` bits of the base from bit `shift` on */
    STEP_SIGNED_BITS,  /* the same, with the sign */
    STEP_LOAD,         /* loads `size` bytes from there, and nothing needs their value */
    STEP_STORE,        /* stores `size` bytes there */
    STEP_VALUE,        /* loads `size` bytes from there and keeps them */
    STEP_SIGNED_VALUE, /* the same, with the sign */
};

/*
 * A step towards the addresses that a block accesses, from the registers at its entry (addresses.py). Values
 * have numbers: 0 to 14 are registers, NO_VALUE is 0, results follow.
 */
struct step {
    uint8_t kind;
    uint8_t base;
    uint8_t index;
    uint8_t shift;
    uint32_t constant;
    uint8_t result;
    uint8_t size;
    uint16_t at;     /* cycles from the entry of the block */
    uint16_t offset; /* of the instruction, in bytes from the start of the block */
    uint16_t unused;
};

/* The cost of a block after another one, in parts of a cycle. */
struct cost_after {
    struct record *before;
    uint64_t cost;
};

/* What is known of a block that has run; two cache lines of the host. */
struct record {
    uint64_t key;           /* address and size, see block.c; 0 is no block */
    uint64_t entered;       /* cost after a block that is not in `after`, in parts of a cycle */
    struct branch *branch;  /* for the branch at its end; NULL if there is none */
    uint64_t line_cycles;   /* of a line that has to be fetched; 0: nothing is fetched through a cache */
    uint64_t seen_at;       /* number of fetches when all its lines were there */
    uint64_t content;       /* hash of code in RAM */
    struct cost_after after[PLACES_AFTER];
    struct step *steps;  /* of m7-cache-2; NULL: it accesses nothing */
    uint64_t registers;  /* that these steps begin with, a bit for each */
};

/* A set of a cache: which way gives way next, and for each way the number of its line plus 1. */
struct cache_set {
    uint64_t turn;
    uint64_t lines[CACHE_WAYS];
};

struct cache {
    struct cache_set *sets;
    uint64_t count; /* a power of two */
};

/* A set of the data cache, the line that was used last first: its number plus 1, shifted by one, and in bit 0
   whether it is dirty. */
struct data_set {
    uint32_t lines[DATA_WAYS];
};

/* How long a memory takes, in cycles. */
struct latency {
    uint64_t first; /* until a load has its word */
    uint64_t line;  /* until a whole line is there, and another access can begin */
    uint64_t beats; /* in which the bytes of a line come after one another */
    uint64_t write; /* until another store can follow that went past the cache */
};

/* SDRAM besides: a bank has one row open, and another one is to be opened first. */
struct rows {
    uint64_t row_shift;  /* bytes of a row, as a power of two */
    uint64_t bank_shift; /* bytes of a bank */
    uint64_t precharge;  /* cycles until a row is closed, */
    uint64_t activate;   /* and until another one is open */
    uint64_t open[SDRAM_BANKS]; /* the row that each bank has open, plus 1 */
};

/* The read of a serial flash that goes on while nobody asks for something else. */
struct serial_read {
    uint64_t command_cycles; /* until the first byte: chip select, instruction, address, dummy cycles */
    uint64_t byte_cycles;
    uint64_t ahead_bytes; /* that the controller has room for */
    uint64_t path_cycles; /* from the controller to the core */
    uint64_t next;  /* the address of the byte that comes next; 0: no read goes on */
    uint64_t ended; /* the cycle at which the last byte came that somebody asked for */
};

/* From an address to the next interval: PERMIT_ bits, or what the data cache does. */
struct interval {
    uint64_t first;
    uint64_t allowed;
};

/* Data as m7-cache-2 sees them; see data_access.c. */
struct data_side {
    struct data_set *sets;
    uint64_t count; /* of sets, a power of two */
    uint64_t enabled; /* CCR.DC */
    uint64_t intervals; /* of policies; 0: all is WRITE_ALLOCATE, as the MPU is off */
    struct interval policies[MOST_INTERVALS];
    uint64_t tcm_end; /* where DTCM ends, at which RAM begins */
    uint64_t latest;  /* what the data cache holds as the line that was used last of all */
    uint64_t fill_line; /* the line that was filled last, plus 1 */
    uint64_t fill_word; /* and the address with which its filling began */
    uint64_t fill_first; /* the cycle at which its first word came */
    uint64_t fill_end; /* the cycle at which the bus is free: it was there, and what gave way was written */
    uint64_t write_back; /* for which the line that is about to give way will keep the bus */
    uint64_t fill_beats; /* in which all of it comes */
    uint64_t stores_end; /* the cycle at which the store buffer will be empty, in parts */
    struct latency sram;
    struct latency flash;
    struct latency sdram;
    struct rows rows;
    struct serial_read serial_read;
    uint64_t art_enabled;
    uint64_t flash_itcm_cycles; /* of an access to flash on the ITCM bus that ART does not have */
    uint64_t ahb_cycles; /* of a load from a peripheral */
    uint64_t apb_cycles;
    uint64_t unaligned_cycles;
    uint64_t store_parts;  /* for which a store keeps the store buffer busy, and one of less than a word */
    uint64_t narrow_store_parts;
    uint64_t buffered_parts; /* for which the store buffer may be busy before the core waits */
    /* What the block that runs waits for, and at which offset into it; what is more is in the last one. */
    uint64_t waits;
    uint32_t waited[MOST_WAITS];
    uint32_t waited_at[MOST_WAITS];
};

/* A window of registers, and a flag for each word that is a register. */
struct window {
    uint64_t base;
    uint64_t end;
    uint8_t *known;
};

/* A memory of the board behind a controller; all 0 where there is none. */
struct external {
    uint64_t base;
    uint64_t end;
    uint64_t place;
    uint64_t is_open;  /* whether it answers: its controller has been set up */
    uint64_t writable; /* by a store */
};

/*
 * Memory of the target as the host has it: flash, ITCM RAM, RAM and the identity behind each other. A place
 * is an offset into `bytes`; ITCM RAM begins at address 0.
 */
struct memory {
    uint8_t *bytes;
    uint64_t flash_base;
    uint64_t flash_end;
    uint64_t flash_itcm_base;
    uint64_t flash_itcm_end;
    uint64_t itcm_end;
    uint64_t itcm_place;
    uint64_t ram_base;
    uint64_t ram_end;
    uint64_t ram_place;
    uint64_t alias_base; /* another place of a part of RAM; all 0 where there is none */
    uint64_t alias_end;
    uint64_t alias_place;
    struct external external[MOST_EXTERNAL];
    uint8_t *executed; /* flags: code in this part has run, see EXECUTED_SHIFT */
};

/* The latest access to a register, or to what is refused. */
struct access {
    uint64_t pc;
    uint64_t xpsr;
    uint64_t cycles;
};

/* An access that was refused and that Python has not seen yet; `kind` is Unicorn's, 0 if there is none. */
struct fault {
    uint64_t kind;
    uint64_t address;
    uint64_t size;
    uint64_t pc;
    uint64_t xpsr;
    uint64_t cycles;
    uint64_t by_mpu;
    uint64_t unaligned; /* in memory that takes no such access */
};

/* Exceptions, a bit for the number of each. See exceptions.c. */
struct exceptions {
    uint64_t pending[EXCEPTION_WORDS];
    uint64_t active[EXCEPTION_WORDS];
    uint64_t enabled[EXCEPTION_WORDS]; /* interrupts that are */
    uint64_t lines[EXCEPTION_WORDS];   /* of peripherals that are high */
    uint64_t faults[EXCEPTION_WORDS];  /* that have a handler of their own (SHCSR) */
    uint8_t priorities[MOST_EXCEPTIONS]; /* that firmware has given */
    uint64_t priority_group;           /* AIRCR.PRIGROUP */
    uint64_t interrupts_masked;        /* a debugger steps with C_MASKINTS */
    uint64_t thread_below_handlers;    /* CCR.NONBASETHRDENA */
    uint64_t sleeps_on_exit;           /* SCR.SLEEPONEXIT */
    uint64_t event;                    /* the event register that WFE looks at */
    uint64_t vector_table;
    uint64_t entry_cycles; /* of an entry, and of a return */
    uint64_t chain_cycles; /* from one handler to the next */
    uint64_t fp_control;   /* FPCCR */
    uint64_t fp_address;   /* FPCAR */
    uint64_t fpu_enabled;  /* CPACR */
    uint64_t natively;     /* C delivers what is plain; else Python does it all */
    uint64_t delivered;    /* how many entries, changes of handler and returns C has done */
    uint64_t cycles;       /* that all entries and returns have taken since power-on */
};

/* The FLASH controller. */
struct flash {
    uint64_t status_offset; /* of SR in the window of peripherals */
    uint64_t control;       /* CR */
    uint64_t status;        /* SR without BSY */
    uint64_t pending;       /* whether an operation has begun whose end has not been seen yet */
    uint64_t busy_until;
    uint64_t program_cycles; /* that programming takes */
    uint64_t erase_bits;     /* SER, and the MER bits that the chip has */
    uint64_t changes;        /* how often the contents have changed */
    /* Flags that Python has to look at after the slice, and the latest store that set one of them. */
    uint64_t notice;
    uint64_t notice_address;
    uint64_t notice_size;
    uint64_t notice_pc;
    uint64_t notice_control;
    /* The bytes in which Unicorn repeats an unaligned store. */
    uint64_t repeat_next;
    uint64_t repeat_end;
    /* Faults on purpose: BSY stays, nothing is programmed, an address that gets a wrong bit (0: none). */
    uint64_t stays_busy;
    uint64_t fails;
    uint64_t flip;
    /* Whether it programs 64 bits at a time (RM0432 section 3.3.7), and the first of their two words. */
    uint64_t double_words;
    uint64_t has_first;
    uint64_t first_address;
    uint64_t first_word;
};

/* All that a core has; what every block touches stands first. */
struct state {
    uint64_t cycles;
    uint64_t deadline; /* the slice ends before the block that begins at this cycle or later */
    uint64_t stop;     /* the slice ends before the next block: for Python, or to look at exceptions */
    uint64_t loop_key; /* a block that follows on itself with nothing left to find out; 0: none */
    uint64_t loop_cost;
    uint64_t fraction;      /* parts of a cycle that are not in `cycles` yet */
    struct record *previous; /* the block that ran before; `records`: what runs next follows on none */
    uint64_t block_address;
    uint64_t block_size;
    uint64_t charged; /* what the block that runs has added to `cycles` */
    uint64_t waited;  /* cycles since power-on in which the core waited: no instruction ran */
    uint64_t fetches; /* a block whose lines were all there at this number still has them */
    uint64_t watch_unmask;
    uint64_t unmask_seen;
    uint64_t fpu_off;
    uint64_t fpu_trap;
    uint64_t code_changed; /* translated blocks and costs are to be dropped before the core runs on */
    uint64_t divide_trap;  /* address of a division by zero that CCR.DIV_0_TRP lets not happen */
    uint64_t mispredicted_parts; /* cost of a branch that was not foreseen */
    uint64_t history; /* what the latest conditional branches did, the last in bit 0: 1 is taken */
    uint64_t history_mask; /* as many bits as outcomes are kept; 0: none */
    uint64_t line_bits;          /* bytes of a cache's line, as a power of two */
    struct record *records;      /* MOST_BLOCKS; the first one is no block */
    uint32_t *block_numbers;     /* of the record of the block that begins at a halfword of memory */
    uint16_t *cycles_left;       /* of its block, from the instruction at a halfword of memory on */
    struct cache instruction_cache;
    struct cache art;
    struct data_side data;
    struct memory memory;
    struct flash flash;
    struct access access;
    struct fault fault;
    struct window peripherals;
    struct window ahb2;
    struct window controllers;
    struct window private_bus;
    struct window unmodelled[MOST_UNMODELLED]; /* of a survey; else they end where they begin */
    uint64_t stir_for_all; /* whether unprivileged code may write NVIC_STIR */
    uint64_t wanted;    /* it is Python that wants the slice to end */
    uint64_t interrupt; /* QEMU's number of the exception at which Unicorn has stopped, plus 1; 0: none */
    uint64_t program_counter; /* at which the core stands after a slice */
    uint64_t is_v7m; /* Unicorn looks whether the core is in a handler only when flags are written */
    struct exceptions exceptions;
    uint64_t intervals; /* of memory protection; 0: the MPU is off */
    struct interval protection[MOST_INTERVALS];
    /* Functions in Python: the number of a new record, the cost of a block after another one (both by their
       numbers), and what a register of a peripheral reads as. */
    uint64_t (*record_block)(uint64_t address, uint64_t size);
    uint64_t (*cost_after)(uint64_t record, uint64_t previous);
    uint64_t (*read_register)(void *engine, uint64_t offset, unsigned size, void *data);
    /* Functions of Unicorn. */
    int (*uc_emu_stop)(void *engine);
    int (*uc_reg_read)(void *engine, int number, void *value);
    int (*uc_reg_write)(void *engine, int number, void *value);
    int (*uc_reg_read_batch)(void *engine, int *numbers, void **values, int count);
    int (*uc_reg_write_batch)(void *engine, int *numbers, void *const *values, int count);
    int (*uc_emu_start)(void *engine, uint64_t begin, uint64_t until, uint64_t timeout, size_t count);
};

/* What a block of a Cortex-M4 makes the DWT count, whatever its cost is; all of its instructions are executed. */
struct block_events {
    uint32_t instructions;
    uint32_t load_store; /* cycles of its loads and stores beyond the first of each, after a branch that was taken */
    uint32_t folded;     /* instructions that take no cycle */
    uint32_t first_saves; /* cycles that its first instruction takes less behind a load */
    uint64_t first_needs; /* registers that this one's address is made of, a bit for each */
    uint64_t last_loads;  /* registers that a load at its end loads; 0: it ends with none */
};

/* The event counters of the DWT: what was counted since power-on while the hook for them ran. */
struct events {
    struct state *state;
    struct block_events *blocks; /* MOST_BLOCKS, by the numbers of records */
    int64_t load_store;
    int64_t folded;
    int64_t others;  /* cycles of instructions beyond the first that no load or store takes, and of their fetches */
    uint64_t saved;  /* `first_saves` of the block that runs, if it was so */
};

enum {
    /* What has no symbol and no memory. */
    NO_FUNCTION = 0,
    /* What nodes have in place of a function where the core starts: after reset and in exception number n,
       this minus n. It calls what runs first there. */
    ENTRY = -1,
    MOST_NODES = 1 << 15,
    MOST_FRAMES = 1 << 12,
    /* Kept free for exceptions, which always get their frame. */
    FRAMES_OF_EXCEPTIONS = 256,
};

/* A call path: a function, and the node that called it; node 0 is the root. */
struct node {
    int64_t cycles;
    int64_t waited;
    int64_t load_store; /* of `cycles`, as the event counters have them; 0 where they are not known */
    int64_t others;
    int64_t calls;
    int64_t parent;
    int64_t function;
    int64_t first_child;
    int64_t next_sibling;
};

/* A call under way. */
struct frame {
    int64_t return_address;
    int64_t stack_pointer; /* at the call */
    int64_t caller;        /* the caller's node */
};

/* The tables of the profiler. */
struct profile {
    struct state *state;
    int64_t last_cycles;
    int64_t last_waited;
    int64_t last_load_store;
    int64_t last_others;
    struct events *events; /* NULL where the timing model knows none */
    int64_t node;
    int64_t depth;
    int64_t floor;
    int64_t node_count;
    /* The block that ran before; a size of 0 says that it is not known, after an exception or a new slice. */
    int64_t block_address;
    int64_t block_size;
    /* Whether nodes or frames have run out: what came then is counted at the caller. */
    int64_t overflowed;
    /* For each halfword of memory: a function's number, shifted by one, plus 1 where it begins. */
    int32_t *functions;
    struct node nodes[MOST_NODES];
    struct frame frames[MOST_FRAMES];
};

/* For Unicorn: `data` is the state, the profile, or the events. */
void block_hook(void *engine, uint64_t address, uint32_t size, void *data);
void addressed_block_hook(void *engine, uint64_t address, uint32_t size, void *data);
void counted_block_hook(void *engine, uint64_t address, uint32_t size, void *data);
bool access_hook(void *engine, int kind, uint64_t address, int size, int64_t value, void *data);
uint64_t peripheral_read(void *engine, uint64_t offset, unsigned size, void *data);
uint64_t sdram_read(void *engine, uint64_t offset, unsigned size, void *data);
uint64_t serial_flash_read(void *engine, uint64_t offset, unsigned size, void *data);
void external_write(void *engine, uint64_t offset, unsigned size, uint64_t value, void *data);
void divide_hook(void *engine, uint64_t address, uint32_t size, void *data);
void profile_hook(void *engine, uint64_t address, uint32_t size, void *data);
void interrupt_hook(void *engine, uint32_t number, void *data);

/* For Python, while the core stands still. */
int run_core(struct state *state, void *engine, uint64_t begin, uint64_t until);
void watch_fpu(struct state *state);
int64_t group_priority(const struct exceptions *exceptions, uint64_t number);
int64_t priority_of_handlers(const struct exceptions *exceptions, uint64_t basepri);
int64_t execution_priority(const struct exceptions *exceptions, uint64_t basepri, uint64_t primask, uint64_t faultmask);
int64_t best_pending(const struct exceptions *exceptions);
uint64_t cycles_left(const struct state *state, uint64_t address);
void maintain_data_line(struct state *state, uint64_t address, uint64_t drop);
void maintain_data_set(struct state *state, uint64_t set, uint64_t drop);
uint64_t program_flash(struct state *state, uint64_t address, int size, uint64_t value);
void profile_settle(struct profile *profile);
int64_t profile_child(struct profile *profile, int64_t parent, int64_t function);
