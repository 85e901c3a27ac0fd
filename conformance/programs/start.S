/* The start and the end of a compiled program: both implementations run it from `begin` to the first BKPT. QEMU alone
 * goes on from there and writes what RAM holds into the file "memory" by semihosting; of the virtual board's core it
 * is read. Flash of the virtual board at its second address, 0x00200000, is RAM of the machine mps2-an500.
 */
    .syntax unified
    .cpu cortex-m7
    .fpu fpv5-sp-d16
    .thumb

    .equ SYS_OPEN, 0x01
    .equ SYS_WRITE, 0x05
    .equ SYS_EXIT, 0x18
    .equ OPEN_WRITE_BINARY, 5
    .equ STOPPED_APPLICATION_EXIT, 0x20026
    .equ CPACR, 0xE000ED88

    .section .vectors, "a"
    .word stack_top
    .word reset

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
    /* The virtual board's core begins here, with registers that are zero. */
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    mov r\number, #0
    .endr
    mov lr, #0
    ldr sp, =stack_top
    b begin                         /* so that QEMU begins a block there */

    .thumb_func
    .global begin
begin:
    ldr r0, =data_load
    ldr r1, =data_start
    ldr r2, =data_end
1:  cmp r1, r2
    bhs 2f
    ldr r3, [r0], #4
    str r3, [r1], #4
    b 1b
2:  bl program

    .thumb_func
    .global over
over:
    movs r0, #SYS_OPEN
    adr r1, open_memory
    bkpt 0xAB
    ldr r1, =write_memory
    ldr r2, =parameters
    ldm r1, {r3, r4}
    stm r2, {r0, r3, r4}
    movs r0, #SYS_WRITE
    mov r1, r2
    bkpt 0xAB
    movs r0, #SYS_EXIT
    ldr r1, =STOPPED_APPLICATION_EXIT
    bkpt 0xAB
    b .

    .balign 4
open_memory:
    .word file_name, OPEN_WRITE_BINARY, 6
write_memory:
    .word ram_start, ram_size
file_name:
    .asciz "memory"
