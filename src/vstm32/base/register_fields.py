"""Names of bits and fields, for traces: data, which nothing in the board acts upon.

From RM0385 (sections 3.7, 4.4, 5.3, 31.8 and those of each block) and PM0253 (section 4) or the Arm v7-M ARM.
A register that is not here is shown by its value alone.
"""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Field:
    """`width` bits from bit `lowest` on."""

    name: str
    lowest: int
    width: int = 1

    def of(self, word: int) -> int:
        """Its value in a word."""
        return word >> self.lowest & ((1 << self.width) - 1)


def _pins(name: str, width: int, first: int = 0) -> str:
    count = 32 // width
    return " ".join(
        f"{name}{first + index}:{width * index + width - 1}-{width * index}" for index in range(count)
    )


# Block, register, and NAME:bit or NAME:highest-lowest. In the name of a block, digits and ports do not count.
_TABLE = {
    "USART.CR1": "UE:0 RE:2 TE:3 IDLEIE:4 RXNEIE:5 TCIE:6 TXEIE:7 PEIE:8 PS:9 PCE:10 WAKE:11 M0:12 MME:13 "
    "CMIE:14 OVER8:15 DEDT:20-16 DEAT:25-21 RTOIE:26 EOBIE:27 M1:28",
    "USART.CR2": "ADDM7:4 LBDL:5 LBDIE:6 LBCL:8 CPHA:9 CPOL:10 CLKEN:11 STOP:13-12 LINEN:14 SWAP:15 RXINV:16 "
    "TXINV:17 DATAINV:18 MSBFIRST:19 ABREN:20 ABRMOD:22-21 RTOEN:23 ADD:31-24",
    "USART.CR3": "EIE:0 IREN:1 IRLP:2 HDSEL:3 NACK:4 SCEN:5 DMAR:6 DMAT:7 RTSE:8 CTSE:9 CTSIE:10 ONEBIT:11 "
    "OVRDIS:12 DDRE:13 DEM:14 DEP:15 SCARCNT:19-17",
    "USART.ISR": "PE:0 FE:1 NF:2 ORE:3 IDLE:4 RXNE:5 TC:6 TXE:7 LBDF:8 CTSIF:9 CTS:10 RTOF:11 EOBF:12 "
    "ABRE:14 ABRF:15 BUSY:16 CMF:17 SBKF:18 RWU:19 TEACK:21 REACK:22",
    "USART.ICR": "PECF:0 FECF:1 NCF:2 ORECF:3 IDLECF:4 TCCF:6 LBDCF:8 CTSCF:9 RTOCF:11 EOBCF:12 CMCF:17",
    "USART.RQR": "ABRRQ:0 SBKRQ:1 MMRQ:2 RXFRQ:3 TXFRQ:4",
    "RCC.CR": "HSION:0 HSIRDY:1 HSITRIM:7-3 HSICAL:15-8 HSEON:16 HSERDY:17 HSEBYP:18 CSSON:19 PLLON:24 "
    "PLLRDY:25 PLLI2SON:26 PLLI2SRDY:27 PLLSAION:28 PLLSAIRDY:29",
    "RCC.PLLCFGR": "PLLM:5-0 PLLN:14-6 PLLP:17-16 PLLSRC:22 PLLQ:27-24",
    "RCC.CFGR": "SW:1-0 SWS:3-2 HPRE:7-4 PPRE1:12-10 PPRE2:15-13 RTCPRE:20-16 MCO1:22-21 I2SSRC:23 "
    "MCO1PRE:26-24 MCO2PRE:29-27 MCO2:31-30",
    "RCC.AHB1ENR": "GPIOAEN:0 GPIOBEN:1 GPIOCEN:2 GPIODEN:3 GPIOEEN:4 GPIOFEN:5 GPIOGEN:6 GPIOHEN:7 "
    "GPIOIEN:8 GPIOJEN:9 GPIOKEN:10 CRCEN:12 BKPSRAMEN:18 DTCMRAMEN:20 DMA1EN:21 DMA2EN:22 DMA2DEN:23 "
    "ETHMACEN:25 ETHMACTXEN:26 ETHMACRXEN:27 ETHMACPTPEN:28 OTGHSEN:29 OTGHSULPIEN:30",
    "RCC.AHB2ENR": "DCMIEN:0 CRYPEN:4 HASHEN:5 RNGEN:6 OTGFSEN:7",
    "RCC.AHB3ENR": "FMCEN:0 QSPIEN:1",
    "FMC.SDCR1": "NC:1-0 NR:3-2 MWID:5-4 NB:6 CAS:8-7 WP:9 SDCLK:11-10 RBURST:12 RPIPE:14-13",
    "FMC.SDTR1": "TMRD:3-0 TXSR:7-4 TRAS:11-8 TRC:15-12 TWR:19-16 TRP:23-20 TRCD:27-24",
    "FMC.SDCMR": "MODE:2-0 CTB2:3 CTB1:4 NRFS:8-5 MRD:21-9",
    "FMC.SDRTR": "CRE:0 COUNT:13-1 REIE:14",
    "FMC.SDSR": "RE:0 MODES1:2-1 MODES2:4-3 BUSY:5",
    "QUADSPI.CR": "EN:0 ABORT:1 DMAEN:2 TCEN:3 SSHIFT:4 DFM:6 FSEL:7 FTHRES:12-8 TEIE:16 TCIE:17 FTIE:18 "
    "SMIE:19 TOIE:20 APMS:22 PMM:23 PRESCALER:31-24",
    "QUADSPI.DCR": "CKMODE:0 CSHT:10-8 FSIZE:20-16",
    "QUADSPI.SR": "TEF:0 TCF:1 FTF:2 SMF:3 TOF:4 BUSY:5 FLEVEL:13-8",
    "QUADSPI.FCR": "CTEF:0 CTCF:1 CSMF:3 CTOF:4",
    "QUADSPI.CCR": "INSTRUCTION:7-0 IMODE:9-8 ADMODE:11-10 ADSIZE:13-12 ABMODE:15-14 ABSIZE:17-16 "
    "DCYC:22-18 DMODE:25-24 FMODE:27-26 SIOO:28 DHHC:30 DDRM:31",
    "RCC.APB1ENR": "TIM2EN:0 TIM3EN:1 TIM4EN:2 TIM5EN:3 TIM6EN:4 TIM7EN:5 TIM12EN:6 TIM13EN:7 TIM14EN:8 "
    "LPTIM1EN:9 WWDGEN:11 SPI2EN:14 SPI3EN:15 SPDIFRXEN:16 USART2EN:17 USART3EN:18 UART4EN:19 UART5EN:20 "
    "I2C1EN:21 I2C2EN:22 I2C3EN:23 I2C4EN:24 CAN1EN:25 CAN2EN:26 CECEN:27 PWREN:28 DACEN:29 UART7EN:30 "
    "UART8EN:31",
    "RCC.APB2ENR": "TIM1EN:0 TIM8EN:1 USART1EN:4 USART6EN:5 ADC1EN:8 ADC2EN:9 ADC3EN:10 SDMMC1EN:11 "
    "SPI1EN:12 SPI4EN:13 SYSCFGEN:14 TIM9EN:16 TIM10EN:17 TIM11EN:18 SPI5EN:20 SPI6EN:21 SAI1EN:22 SAI2EN:23 "
    "LTDCEN:26",
    "RCC.BDCR": "LSEON:0 LSERDY:1 LSEBYP:2 LSEDRV:4-3 RTCSEL:9-8 RTCEN:15 BDRST:16",
    "RCC.CSR": "LSION:0 LSIRDY:1 RMVF:24 BORRSTF:25 PINRSTF:26 PORRSTF:27 SFTRSTF:28 IWDGRSTF:29 WWDGRSTF:30 "
    "LPWRRSTF:31",
    "RCC.DCKCFGR2": "USART1SEL:1-0 USART2SEL:3-2 USART3SEL:5-4 UART4SEL:7-6 UART5SEL:9-8 USART6SEL:11-10 "
    "UART7SEL:13-12 UART8SEL:15-14",
    "PWR.CR1": "LPDS:0 PDDS:1 CSBF:3 PVDE:4 PLS:7-5 DBP:8 FPDS:9 LPUDS:10 MRUDS:11 ADCDC1:13 VOS:15-14 "
    "ODEN:16 ODSWEN:17 UDEN:19-18",
    "PWR.CSR1": "WUIF:0 SBF:1 PVDO:2 BRR:3 BRE:9 VOSRDY:14 ODRDY:16 ODSWRDY:17 UDRDY:19-18",
    "FLASH.ACR": "LATENCY:3-0 PRFTEN:8 ARTEN:9 ARTRST:11",
    "FLASH.SR": "EOP:0 OPERR:1 WRPERR:4 PGAERR:5 PGPERR:6 ERSERR:7 BSY:16",
    "FLASH.CR": "PG:0 SER:1 MER:2 SNB:6-3 PSIZE:9-8 STRT:16 EOPIE:24 ERRIE:25 LOCK:31",
    "GPIO.MODER": _pins("MODER", 2),
    "GPIO.PUPDR": _pins("PUPDR", 2),
    "GPIO.OSPEEDR": _pins("OSPEEDR", 2),
    "GPIO.AFRL": _pins("AFR", 4),
    "GPIO.AFRH": _pins("AFR", 4, first=8),
    "GPIO.BSRR": " ".join(
        [f"BS{pin}:{pin}" for pin in range(16)] + [f"BR{pin}:{pin + 16}" for pin in range(16)]
    ),
    "SYSCFG.EXTICR1": "EXTI0:3-0 EXTI1:7-4 EXTI2:11-8 EXTI3:15-12",
    "SYSCFG.EXTICR2": "EXTI4:3-0 EXTI5:7-4 EXTI6:11-8 EXTI7:15-12",
    "SYSCFG.EXTICR3": "EXTI8:3-0 EXTI9:7-4 EXTI10:11-8 EXTI11:15-12",
    "SYSCFG.EXTICR4": "EXTI12:3-0 EXTI13:7-4 EXTI14:11-8 EXTI15:15-12",
    "SYSCFG.CMPCR": "CMP_PD:0 READY:8",
    **{
        f"EXTI.{register}": " ".join(f"{bit}{line}:{line}" for line in range(25))
        for register, bit in (
            ("IMR", "IM"),
            ("EMR", "EM"),
            ("RTSR", "TR"),
            ("FTSR", "TR"),
            ("SWIER", "SWI"),
            ("PR", "PR"),
        )
    },
    **{
        f"DMA.S{stream}CR": "EN:0 DMEIE:1 TEIE:2 HTIE:3 TCIE:4 PFCTRL:5 DIR:7-6 CIRC:8 PINC:9 MINC:10 "
        "PSIZE:12-11 MSIZE:14-13 PINCOS:15 PL:17-16 DBM:18 CT:19 PBURST:22-21 MBURST:24-23 CHSEL:28-25"
        for stream in range(8)
    },
    "TIM.CR1": "CEN:0 UDIS:1 URS:2 OPM:3 DIR:4 CMS:6-5 ARPE:7 CKD:9-8",
    "TIM.DIER": "UIE:0 CC1IE:1 CC2IE:2 CC3IE:3 CC4IE:4 TIE:6 UDE:8",
    "TIM.SR": "UIF:0 CC1IF:1 CC2IF:2 CC3IF:3 CC4IF:4 TIF:6",
    "TIM.EGR": "UG:0 CC1G:1 CC2G:2 CC3G:3 CC4G:4 TG:6",
    "RNG.CR": "RNGEN:2 IE:3",
    "RNG.SR": "DRDY:0 CECS:1 SECS:2 CEIS:5 SEIS:6",
    "CRC.CR": "RESET:0 POLYSIZE:4-3 REV_IN:6-5 REV_OUT:7",
    "SysTick.CTRL": "ENABLE:0 TICKINT:1 CLKSOURCE:2 COUNTFLAG:16",
    "SCB.ICSR": "VECTACTIVE:8-0 RETTOBASE:11 VECTPENDING:20-12 ISRPENDING:22 PENDSTCLR:25 PENDSTSET:26 "
    "PENDSVCLR:27 PENDSVSET:28 NMIPENDSET:31",
    "SCB.AIRCR": "VECTRESET:0 VECTCLRACTIVE:1 SYSRESETREQ:2 PRIGROUP:10-8 ENDIANNESS:15",
    "SCB.SCR": "SLEEPONEXIT:1 SLEEPDEEP:2 SEVONPEND:4",
    "SCB.CCR": "NONBASETHRDENA:0 USERSETMPEND:1 UNALIGN_TRP:3 DIV_0_TRP:4 BFHFNMIGN:8 STKALIGN:9 DC:16 "
    "IC:17 BP:18",
    "SCB.SHCSR": "MEMFAULTACT:0 BUSFAULTACT:1 USGFAULTACT:3 SVCALLACT:7 MONITORACT:8 PENDSVACT:10 "
    "SYSTICKACT:11 USGFAULTPENDED:12 MEMFAULTPENDED:13 BUSFAULTPENDED:14 SVCALLPENDED:15 MEMFAULTENA:16 "
    "BUSFAULTENA:17 USGFAULTENA:18",
    "SCB.CFSR": "IACCVIOL:0 DACCVIOL:1 MUNSTKERR:3 MSTKERR:4 MLSPERR:5 MMARVALID:7 IBUSERR:8 PRECISERR:9 "
    "IMPRECISERR:10 UNSTKERR:11 STKERR:12 LSPERR:13 BFARVALID:15 UNDEFINSTR:16 INVSTATE:17 INVPC:18 NOCP:19 "
    "UNALIGNED:24 DIVBYZERO:25",
    "SCB.HFSR": "VECTTBL:1 FORCED:30 DEBUGEVT:31",
    "SCB.CPACR": "CP10:21-20 CP11:23-22",
    "DWT.CTRL": "CYCCNTENA:0",
    "core-debug.DEMCR": "VC_CORERESET:0 VC_MMERR:4 VC_NOCPERR:5 VC_CHKERR:6 VC_STATERR:7 VC_BUSERR:8 "
    "VC_INTERR:9 VC_HARDERR:10 MON_EN:16 MON_PEND:17 MON_STEP:18 MON_REQ:19 TRCENA:24",
}

_FAMILIES = (
    (re.compile(r"US?ART\d"), "USART"),
    (re.compile(r"GPIO[A-K]"), "GPIO"),
    (re.compile(r"TIM\d+"), "TIM"),
    (re.compile(r"DMA\d"), "DMA"),
)


@cache
def fields_of(block: str, register: str) -> tuple[Field, ...]:
    """The fields of a register, from the lowest bit on; none for what is not in the table."""
    texts = _TABLE.get(f"{_family(block)}.{register}", "").split()
    return tuple(sorted((_field(text) for text in texts), key=lambda field: field.lowest))


def describe(block: str, register: str, word: int) -> str:
    """What a word says, to be put behind it: ` UE RE STOP=2`, or a character that is sent; "" for nothing."""
    if register in ("TDR", "RDR") and 0x20 <= word < 0x7F:
        return f" {chr(word)!r}"
    return "".join(
        f" {field.name}" if field.width == 1 else f" {field.name}={field.of(word)}"
        for field in fields_of(block, register)
        if field.of(word)
    )


def _field(text: str) -> Field:
    name, _, bits = text.partition(":")
    highest, _, lowest = bits.partition("-")
    return Field(name, int(lowest or highest), int(highest) - int(lowest or highest) + 1)


def _family(block: str) -> str:
    return next((name for pattern, name in _FAMILIES if pattern.fullmatch(block)), block)
