/* The cycle counter behind port_cycles. */
#ifndef MCUMATRIX_CYCLES_H
#define MCUMATRIX_CYCLES_H

/* Starts counting from zero. */
void cycles_start(void);

/* The SysTick exception. */
void cycles_notice_halves(void);

#endif
