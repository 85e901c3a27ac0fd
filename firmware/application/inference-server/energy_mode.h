/* The energy mode of MLPerf Tiny: whoever measures the board's energy needs a slow second port and a pin that tells when
 * inferences begin and end. A wire at reset chooses it, so that one image is measured in all modes. A file
 * under board/ says which pins these are. */
#ifndef MCUMATRIX_INFERENCE_SERVER_ENERGY_MODE_H
#define MCUMATRIX_INFERENCE_SERVER_ENERGY_MODE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits per second of the second port in this mode, as the runner's list of devices has it (devices_kws_ic_vww.yaml). */
#define ENERGY_MODE_BAUD 9600u

/* Looks whether the wire is there, and lets the pin for timestamps rest then. After port_init. */
void energy_mode_start(void);

/* What energy_mode_start has found. */
bool energy_mode_is_on(void);

/* A timestamp: pulls the pin low for at least 1 us, and lets go of it. Only in this mode. */
void energy_mode_mark(void);

#ifdef __cplusplus
}
#endif

#endif
