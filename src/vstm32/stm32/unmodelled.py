"""Registers of blocks that the board does not model: names and values after reset, for surveys alone.

Names are in the order of the words of a block (the register maps of RM0385); `-` is a reserved word, `@0x40`
goes on at an offset. What has no name here is shown by its offset. Values after reset are given where they
differ from zero.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

_LAYERS = " ".join(
    f"@{0x84 + 0x80 * n:#x} L{n + 1}CR L{n + 1}WHPCR L{n + 1}WVPCR L{n + 1}CKCR L{n + 1}PFCR L{n + 1}CACR "
    f"L{n + 1}DCCR L{n + 1}BFCR - - L{n + 1}CFBAR L{n + 1}CFBLR L{n + 1}CFBLNR - - - L{n + 1}CLUTWR"
    for n in range(2)
)
_CAN_MAILBOXES = " ".join(f"TI{n}R TDT{n}R TDL{n}R TDH{n}R" for n in range(3))

_NAMES = {
    "TIM": "CR1 CR2 SMCR DIER SR EGR CCMR1 CCMR2 CCER CNT PSC ARR RCR CCR1 CCR2 CCR3 CCR4 BDTR DCR DMAR OR "
    "CCMR3 CCR5 CCR6",
    "LPTIM": "ISR ICR IER CFGR CR CMP ARR CNT",
    "SPI": "CR1 CR2 SR DR CRCPR RXCRCR TXCRCR I2SCFGR I2SPR",
    "I2C": "CR1 CR2 OAR1 OAR2 TIMINGR TIMEOUTR ISR ICR PECR RXDR TXDR",
    "ADC": "SR CR1 CR2 SMPR1 SMPR2 JOFR1 JOFR2 JOFR3 JOFR4 HTR LTR SQR1 SQR2 SQR3 JSQR JDR1 JDR2 JDR3 "
    "JDR4 DR",
    "DAC": "CR SWTRIGR DHR12R1 DHR12L1 DHR8R1 DHR12R2 DHR12L2 DHR8R2 DHR12RD DHR12LD DHR8RD DOR1 DOR2 SR",
    "DMA2D": "CR ISR IFCR FGMAR FGOR BGMAR BGOR FGPFCCR FGCOLR BGPFCCR BGCOLR FGCMAR BGCMAR OPFCCR OCOLR "
    "OMAR OOR NLR LWR AMTCR",
    "LTDC": f"- - SSCR BPCR AWCR TWCR GCR - - SRCR - BCCR - IER ISR ICR LIPCR CPSR CDSR {_LAYERS}",
    "RTC": "TR DR CR ISR PRER WUTR - ALRMAR ALRMBR WPR SSR SHIFTR TSTR TSDR TSSSR CALR TAMPCR ALRMASSR "
    "ALRMBSSR OR BKP0R BKP1R BKP2R BKP3R",
    "WWDG": "CR CFR SR",
    "SDMMC": "POWER CLKCR ARG CMD RESPCMD RESP1 RESP2 RESP3 RESP4 DTIMER DLEN DCTRL DCOUNT STA ICR MASK - - "
    "FIFOCNT @0x80 FIFO",
    "CAN": f"MCR MSR TSR RF0R RF1R IER ESR BTR @0x180 {_CAN_MAILBOXES}",
    "SAI": "GCR ACR1 ACR2 AFRCR ASLOTR AIM ASR ACLRFR ADR BCR1 BCR2 BFRCR BSLOTR BIM BSR BCLRFR BDR",
    "SPDIFRX": "CR IMR SR IFCR DR CSR DIR",
    "CEC": "CR CFGR TXDR RXDR ISR IER",
    "DCMI": "CR SR RISR IER MISR ICR ESCR ESUR CWSTRTR CWSIZER DR",
    "QUADSPI": "CR DCR SR FCR DLR CCR AR ABR DR PSMKR PSMAR PIR LPTR",
    "FMC control registers": "BCR1 BTR1 BCR2 BTR2 BCR3 BTR3 BCR4 BTR4 @0x80 PCR SR PMEM PATT - ECCR "
    "@0x104 BWTR1 - BWTR2 - BWTR3 - BWTR4 @0x140 SDCR1 SDCR2 SDTR1 SDTR2 SDCMR SDRTR SDSR",
    "Ethernet MAC": "MACCR MACFFR MACHTHR MACHTLR MACMIIAR MACMIIDR MACFCR MACVLANTR @0x1000 DMABMR DMATPDR "
    "DMARPDR DMARDLAR DMATDLAR DMASR DMAOMR DMAIER",
    "USB OTG": "GOTGCTL GOTGINT GAHBCFG GUSBCFG GRSTCTL GINTSTS GINTMSK GRXSTSR GRXSTSP GRXFSIZ",
}
_RESETS: Mapping[str, Mapping[str, int]] = {
    "TIM": {"ARR": 0xFFFF},
    "LPTIM": {"ARR": 0x1},
    "SPI": {"CR2": 0x700, "SR": 0x2, "CRCPR": 0x7, "I2SPR": 0x2},
    "I2C": {"ISR": 0x1},
    "ADC": {"HTR": 0xFFF},
    "LTDC": {"GCR": 0x2220, "L1CACR": 0xFF, "L2CACR": 0xFF, "L1BFCR": 0x607, "L2BFCR": 0x607},
    "RTC": {"DR": 0x2101, "ISR": 0x7, "PRER": 0x7F_00FF, "WUTR": 0xFFFF},
    "WWDG": {"CR": 0x7F, "CFR": 0x7F},
    "CAN": {"MCR": 0x1_0002, "MSR": 0xC02, "TSR": 0x1C00_0000, "BTR": 0x123_0000},
    "SAI": {"ACR1": 0x40, "AFRCR": 0x7, "ASR": 0x8, "BCR1": 0x40, "BFRCR": 0x7, "BSR": 0x8},
    "FMC control registers": {
        "BCR1": 0x30DB,
        **{f"BCR{bank}": 0x30D2 for bank in (2, 3, 4)},
        **{f"BTR{bank}": 0x0FFF_FFFF for bank in (1, 2, 3, 4)},
        **{f"BWTR{bank}": 0x0FFF_FFFF for bank in (1, 2, 3, 4)},
        "PCR": 0x18,
        "SR": 0x40,
        "PMEM": 0xFCFC_FCFC,
        "PATT": 0xFCFC_FCFC,
        "SDCR1": 0x2D0,
        "SDCR2": 0x2D0,
        "SDTR1": 0x0FFF_FFFF,
        "SDTR2": 0x0FFF_FFFF,
    },
    "Ethernet MAC": {"MACCR": 0x8000, "DMABMR": 0x2_0101},
    "USB OTG": {"GRSTCTL": 0x8000_0000},
}
_NUMBER = re.compile(r"\d+$")
_MORE_NAMES = {"USB OTG HS": "USB OTG", "USB OTG FS": "USB OTG", "DMA2D": "DMA2D", "RTC and BKP": "RTC"}


def register_name(block: str, offset: int) -> str:
    """What a word of a block is called: `SR`, or `+0x8` where that is not known."""
    return _named(_kind(block)).get(offset, f"{offset:+#x}")


def reset_value(block: str, offset: int) -> int:
    """What it reads as after reset."""
    return _RESETS.get(_kind(block), {}).get(register_name(block, offset), 0)


def _kind(block: str) -> str:
    return _MORE_NAMES.get(block) or _NUMBER.sub("", block)


@cache
def _named(kind: str) -> Mapping[int, str]:
    return dict(_words(_NAMES.get(kind, "")))


def _words(names: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for name in names.split():
        if name.startswith("@"):
            offset = int(name[1:], 0)
            continue
        if name != "-":
            yield offset, name
        offset += 4
