"""What can go wrong or takes time, in words: the item, the cause and the remedy, never a code alone.

English message ids by words key; translations are in the catalogues. Completeness is checked by ``make check``.
"""

from __future__ import annotations

from hardware.face import Coaching

CARD_TROUBLE = {
    "card_left": "A card was left here. Please take it off first.",
    "card_removed": "The card was lifted too early. Please lay it down again.",
    "card_mute": "The card does not answer. Please turn it over.",
    "card_unreadable": "The card could not be read. Please try again.",
    "card_unknown": "This card is of another kind. Please use the right one.",
    "card_misplaced": "An ID card goes on its own place, where its sign is.",
    "card_protected": "This card does not open here. Please use another way.",
    "card_error": "The card could not be read. Please try again.",
    "document_expired": "This card has expired. Please use a valid one.",
    "document_not_taken": "This service takes other documents. Please use one of them.",
    "document_doubtful": "We cannot use this one here. Please use another one.",
    "lift_first": "Please take it off first. Then lay down what you want.",
    "key_spent": "It did not open three times. Please use another way.",
    "reader_lost": "The card reader does not work now. Please use another way.",
}

WAY = {  # title, note, icon
    "face": ("Look into the camera", "The picture is compared and deleted.", "camera"),
    "code": ("Code to your phone", "6 digits to your registered number.", "phone"),
    "clerk": ("A clerk checks", "One or two minutes, no camera needed.", "clerk"),
    "helper": ("Someone helps me", "With a card of their own.", "帮"),
}

WAY_TROUBLE = {
    "could_not_confirm": "The camera could not confirm it. Please use another way.",
    "portrait_unusable": "The registered picture cannot be used. Please use another way.",
    "camera_trouble": "The camera does not work now. Please use another way.",
    "code_dead": "The code was wrong three times. Please use another way.",
    "code_limit": "Too many codes were sent. Please use another way.",
    "no_phone": "No phone is registered. Please use another way.",
    "nobody_answered": "No clerk is free now. Please use another way or wait again.",
    "clerk_refused": "The clerk could not confirm it. Please use another way.",
    "helper_unknown": "The register does not name this helper. Please use another way.",
    "face_limit": "The camera was tried too often today. Please use another way.",
    "backend_down": "The line to the office is down. Please try again.",
}

CODE_TROUBLE = {
    "code_wrong": "The code is wrong. Tries left: {count}.",
    "code_expired": "That code is too old. We sent a new one.",
    "code_resent": "We sent a new code.",
    "code_wait": "Please wait a little. The last code still works.",
}

NOT_OFFERED = {
    "closed_by_platform": "Closed today, please come tomorrow",
    "paper_out": "Paused: no paper here",
    "cover_open": "Paused: the printer is open",
    "paper_jammed": "Paused: the paper is stuck",
    "printer_unplugged": "Paused: the printer is off",
    "reader_lost": "Paused: the card reader is off",
    "no_reader_for_it": "Paused: no reader for its documents",
    "backend_down": "Paused: the line to the office is down",
    "no_way_to_confirm": "Paused: nobody can be confirmed here",
}

LIMITED = {
    "receipt_on_screen": "No paper: the receipt stays on the screen",
    "sent_later": "Recorded now, sent when the line is back",
}

CLOSED = {  # of the whole booth: what happened, what that means
    "battery": ("The power is out here", "The booth is closed until it is back."),
    "tamper": ("This booth is being checked", "Someone opened it. It is closed for now."),
}

KEY_TROUBLE = {
    "key_wrong": "It did not open. Please check what you typed.",
    "key_digits": "There are six digits. Please check.",
    "key_number": "Letters and digits only. Please check.",
    "key_date": "There is no such day. Please check.",
}

RECEIPT_TROUBLE = {
    "paper_out": "There is no paper. Please note the number.",
    "cover_open": "The printer is open. Please note the number.",
    "paper_jammed": "The paper is stuck. Please note the number.",
    "printer_unplugged": "The printer is off. Please note the number.",
}

TROUBLE = {  # what happened, what to do now
    "unknown_resident": ("We cannot find this number", "Use another card, or call the office."),
    "helper_unknown": ("The register does not name this helper", "Use the helper's own card, or another way."),
    "backend_down": ("The line to the office is down", "Please try again, or come back later."),
    "no_way_left": ("We could not confirm who you are", "Please see a clerk in working hours."),
    "not_sure": ("We do not know if it was recorded", "Please call and ask before you try again."),
    "not_recorded": ("Your request was not recorded", "Please try again later, nothing was sent."),
    "nothing_found": ("There is nothing to print for this", "Please call the office and ask."),
    "paper_out": ("There is no paper", "It is refilled soon. Please try again later."),
    "cover_open": ("The printer is open", "Please close its cover, or come back later."),
    "paper_jammed": ("The paper is stuck", "We have been told. Please come back later."),
    "printer_unplugged": ("The printer does not answer", "We have been told. Please come back later."),
}

TROUBLE_OPTIONS = {
    "again": "Try again",
    "other_card": "Use another card",
    "leave": "Leave",
}

WORKING = {
    "looking_up": "Looking you up",
    "opening_camera": "The camera opens",
    "sending_code": "Sending the code",
    "checking_code": "Checking the code",
    "asking_clerk": "Asking a clerk",
    "submitting": "Submitting",
    "enquiring": "Fetching your data",
    "printing": "Printing",
    "taking_photo": "Taking the photo",
}

COACHING = {
    Coaching.LOOK_HERE: "Please look here",
    Coaching.NEARER: "A little nearer, please",
    Coaching.FURTHER: "A little back, please",
    Coaching.MORE_LIGHT: "It is too dark here",
    Coaching.LESS_LIGHT: "It is too bright here",
    Coaching.HOLD_STILL: "Please hold still",
    Coaching.ONE_PERSON: "One person only, please",
    Coaching.MASK_OFF: "Please take off the mask, if you can",
    Coaching.TURN_LEFT: "Please turn your head a little to your left",
    Coaching.TURN_RIGHT: "Please turn your head a little to your right",
    Coaching.NOD: "Please nod slowly",
    Coaching.COME_CLOSER: "Please come a little closer, slowly",
    Coaching.STAY_STILL: "Please stay still and look here",
    Coaching.GOOD: "Very good, stay like this",
}


def messages() -> list[str]:
    """Every English sentence in these tables."""
    found: list[str] = []
    for table in (
        CARD_TROUBLE,
        KEY_TROUBLE,
        WAY_TROUBLE,
        CODE_TROUBLE,
        NOT_OFFERED,
        LIMITED,
        RECEIPT_TROUBLE,
        TROUBLE_OPTIONS,
        WORKING,
    ):
        found += table.values()
    found += COACHING.values()
    for title, note, _icon in WAY.values():
        found += (title, note)
    for pair in (*TROUBLE.values(), *CLOSED.values()):
        found += pair
    return list(dict.fromkeys(found))
