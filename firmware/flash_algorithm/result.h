/* What an entry point of the flash algorithm returns: 0, or why it failed. In Python that is algorithm.py.
 *
 *   bits 0 to 7    the error flags of FLASH_SR as they were (RM0385 3.7.4, RM0432 3.7.5)
 *   bits 8 to 11   what went wrong
 *   bits 12 to 31  ProgramPage: the number of the word, from the start of the page, at which it went wrong
 */
#ifndef MCUMATRIX_FLASH_ALGORITHM_RESULT_H
#define MCUMATRIX_FLASH_ALGORITHM_RESULT_H

#define RESULT_DONE 0u

#define RESULT_LOCKED (1u << 8)  /* the controller stays locked in spite of the keys, until the next reset */
#define RESULT_BUSY (2u << 8)    /* the controller is busy, and did not become ready in time */
#define RESULT_REFUSED (3u << 8) /* the controller has set error flags, which are in bits 0 to 7 */
#define RESULT_RANGE (4u << 8)   /* the address is not in flash, or not a multiple of what is programmed at once */

#define RESULT_WORD_POSITION 12

#endif
