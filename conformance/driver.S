/* What runs on both implementations: takes batches of blocks and states, runs every block from every
 * state, and gives the state after each run back.
 *
 * It talks to the host by semihosting (Arm, "Semihosting for AArch32 and AArch64"): two files are opened in the
 * working directory, "batches" for reading and "results" for writing; both may be pipes. QEMU serves these
 * requests itself; for Unicorn, virtual_core.py does. Where things stand is in batch.py, which hands the
 * addresses over as macros.
 */
    .syntax unified
    .cpu cortex-m7
    .fpu fpv5-sp-d16
    .thumb

    .equ SYS_OPEN, 0x01
    .equ SYS_WRITE, 0x05
    .equ SYS_READ, 0x06
    .equ SYS_EXIT, 0x18
    .equ STOPPED_APPLICATION_EXIT, 0x20026
    .equ CPACR, 0xE000ED88
    .equ CFSR, 0xE000ED28

    .section .vectors, "a"
    .word STACK_TOP
    .word reset
    .rept 14
    .word fault
    .endr

    .text

    .thumb_func
    .global reset
reset:
    ldr r0, =CPACR
    ldr r1, [r0]
    orr r1, r1, #0x00F00000         /* CP10 and CP11: full access */
    str r1, [r0]
    dsb
    isb

    .thumb_func
    .global begin
begin:
    ldr sp, =STACK_TOP
    movs r0, #SYS_OPEN
    adr r1, open_batches
    bkpt 0xAB
    mov r10, r0
    movs r0, #SYS_OPEN
    adr r1, open_results
    bkpt 0xAB
    mov r11, r0

next_batch:
    /* r4: where to, r5: bytes that are missing */
    ldr r4, =INPUT
    movs r5, #HEADER_BYTES
    bl receive
    ldr r4, =INPUT
    ldr r5, [r4, #8]                /* bytes after the header */
    adds r4, r4, #HEADER_BYTES
    bl receive

    /* The variables of the loop stand in memory: a block may use every register. */
    ldr r0, =VARIABLES
    ldr r1, =INPUT
    ldr r2, [r1]                    /* blocks */
    str r2, [r0, #BLOCKS_LEFT]
    ldr r2, =BLOCK_CODE + 1
    str r2, [r0, #BLOCK]
    ldr r2, =OUTPUT
    str r2, [r0, #OUT]
    str r10, [r0, #BATCHES_FILE]
    str r11, [r0, #RESULTS_FILE]

each_block:
    ldr r0, =VARIABLES
    ldr r1, =INPUT
    ldr r2, [r1, #4]                /* states */
    str r2, [r0, #STATES_LEFT]
    ldr r2, =INPUT + HEADER_BYTES
    str r2, [r0, #STATE]

each_state:
    ldr r0, =VARIABLES
    movs r1, #0
    str r1, [r0, #FAULT]
    ldr lr, [r0, #STATE]
    ldr sp, =BLOCK_SP
    ldr r12, =SCRATCH
    add r11, lr, #MEMORY_OFFSET
    movs r10, #SCRATCH_BYTES / 32
1:  ldmia r11!, {r0-r7}
    stmia r12!, {r0-r7}
    subs r10, r10, #1
    bne 1b
    add r0, lr, #FLOAT_OFFSET
    vldmia r0, {s0-s31}
    ldr r0, [lr, #FPSCR_OFFSET]
    vmsr fpscr, r0
    clrex
    ldr r0, [lr, #APSR_OFFSET]
    msr apsr_nzcvqg, r0
    ldmia lr, {r0-r12}
    ldr lr, [lr, #LR_OFFSET]
    ldr pc, [sp, #VARIABLES - BLOCK_SP + BLOCK]

    /* The end of every block comes here. Nothing is known but SP; no flag may change before it is kept. */
    .thumb_func
    .global block_end
block_end:
    sub sp, sp, #SAVE_BELOW_SP
    push {r0-r12, lr}
    mrs r0, apsr
    vmrs r1, fpscr
    ldr r2, =VARIABLES
    ldr r2, [r2, #OUT]
    str r0, [r2, #APSR_OFFSET]
    str r1, [r2, #FPSCR_OFFSET]
    add r3, sp, #SAVE_BELOW_SP + 14 * 4
    str r3, [r2, #SP_OFFSET]
    add r3, r2, #FLOAT_OFFSET
    vstmia r3, {s0-s31}
    pop {r3-r9}
    stmia r2!, {r3-r9}
    pop {r3-r9}
    stmia r2!, {r3-r9}
    adds r12, r2, #MEMORY_OFFSET - 14 * 4
    ldr r11, =SCRATCH
    movs r10, #SCRATCH_BYTES / 32
1:  ldmia r11!, {r0-r7}
    stmia r12!, {r0-r7}
    subs r10, r10, #1
    bne 1b

    .thumb_func
    .global run_over
run_over:
    ldr sp, =STACK_TOP
    ldr r0, =VARIABLES
    ldr r1, [r0, #OUT]
    ldr r2, [r0, #FAULT]
    str r2, [r1, #FAULT_OFFSET]
    add r1, r1, #RECORD_BYTES
    str r1, [r0, #OUT]
    ldr r1, [r0, #STATE]
    add r1, r1, #RECORD_BYTES
    str r1, [r0, #STATE]
    ldr r1, [r0, #STATES_LEFT]
    subs r1, r1, #1
    str r1, [r0, #STATES_LEFT]
    bne each_state
    ldr r1, [r0, #BLOCK]
    ldr r2, =INPUT
    ldr r2, [r2, #12]               /* bytes of a block */
    add r1, r1, r2
    str r1, [r0, #BLOCK]
    ldr r1, [r0, #BLOCKS_LEFT]
    subs r1, r1, #1
    str r1, [r0, #BLOCKS_LEFT]
    bne each_block

    ldr r10, [r0, #BATCHES_FILE]
    ldr r11, [r0, #RESULTS_FILE]
    ldr r1, =OUTPUT
    ldr r2, [r0, #OUT]
    subs r2, r2, r1
    sub sp, sp, #16
    str r11, [sp]
    str r1, [sp, #4]
    str r2, [sp, #8]
    movs r0, #SYS_WRITE
    mov r1, sp
    bkpt 0xAB
    add sp, sp, #16
    cmp r0, #0
    bne finish
    b next_batch

    /* Reads r5 bytes to r4; a pipe gives what it has. SYS_READ returns how many bytes are missing. */
    .thumb_func
receive:
    sub sp, sp, #16
1:  str r10, [sp]
    str r4, [sp, #4]
    str r5, [sp, #8]
    movs r0, #SYS_READ
    mov r1, sp
    bkpt 0xAB
    cmp r0, r5
    bhs finish                      /* end of file, or an error */
    subs r1, r5, r0
    add r4, r4, r1
    movs r5, r0
    bne 1b
    add sp, sp, #16
    bx lr

finish:
    movs r0, #SYS_EXIT
    ldr r1, =STOPPED_APPLICATION_EXIT
    bkpt 0xAB
    b finish

    /* A block has run into an exception: CFSR stands in its result, and the rest of it has no meaning. */
    .thumb_func
fault:
    ldr r0, =VARIABLES
    ldr r2, =CFSR
    ldr r3, [r2]
    str r3, [r2]                    /* write one to clear */
    str r3, [r0, #FAULT]
    ldr r1, =run_over
    bic r1, r1, #1
    str r1, [sp, #24]               /* the stacked PC */
    movs r1, #1
    lsls r1, r1, #24
    str r1, [sp, #28]               /* the stacked xPSR: Thumb, outside of an IT block */
    bx lr

    .align 2
open_batches:
    .word name_batches, 1, 7        /* "rb" */
open_results:
    .word name_results, 5, 7        /* "wb" */
name_batches:
    .asciz "batches"
name_results:
    .asciz "results"
    .align 2
    .pool
