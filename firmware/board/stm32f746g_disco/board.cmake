# The 32F746GDISCOVERY: which family folder drives it, and the linker script of its part.
set(MCUMATRIX_FAMILY stm32f7)
set(MCUMATRIX_LINKER_SCRIPT stm32f746ng.ld)
