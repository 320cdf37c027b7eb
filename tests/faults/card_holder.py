"""Another program that holds the card, as scdaemon or a browser does: ``card_holder.py exclusive | transaction``.

Prints a line when it has it and lets go when its standard input ends.
"""

import sys

from smartcard import scard


def main(how: str) -> None:
    """Take the first card, say so, and wait."""
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _, readers = scard.SCardListReaders(context, [])
    mode = scard.SCARD_SHARE_EXCLUSIVE if how == "exclusive" else scard.SCARD_SHARE_SHARED
    code, card, _ = scard.SCardConnect(context, readers[0], mode, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1)
    assert code == scard.SCARD_S_SUCCESS, hex(code & 0xFFFFFFFF)
    if how == "transaction":
        assert scard.SCardBeginTransaction(card) == scard.SCARD_S_SUCCESS
    print("held", flush=True)
    sys.stdin.read()
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


if __name__ == "__main__":
    main(sys.argv[1])
