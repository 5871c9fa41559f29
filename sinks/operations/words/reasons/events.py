"""Words for what happens to money after it was first reported, and for what waits too long for something missing."""

from __future__ import annotations

from schemas.vocabulary import AttentionReason as R
from sinks.operations.words.reasons.wording import Audience, Wording

_SEES_TO_IT = "Writeback posts the entries for it by itself, beside the entries that they change. Delete none of them."

MONEY_WORDS: dict[R, Wording] = {
    R.ORIGINAL_MISSING: Wording(
        headline="the payment or payout that a refund, return or dispute belongs to has not arrived",
        why="Your payment system reported a change to a payment, a refund, a dispute or a payout, and for more than a "
        "day it has not reported the thing itself. Writeback does not guess, so nothing is posted.",
        remedy="Ask your payment provider to send what is missing. If it cannot, enter the entries by hand and "
        "tell support, or the person who runs Writeback: they record it, so that it is never posted a "
        "second time.",
        afterwards="As soon as it arrives, both are posted by themselves, in order. After what waits was recorded or "
        "dismissed, it is not posted any more, and what arrives then waits until somebody decides about it.",
    ),
    R.FEE_MISSING: Wording(
        headline="a payment's fee is still not known",
        why="You post net amounts, and for more than three days the fee has not been reported. It is never assumed.",
        remedy="Ask your payment provider for the fee. If you know it, tell support, or the person who runs "
        "Writeback: they post the payment with it, or record what you entered by hand.",
        afterwards="As soon as the fee is reported, alone or with the payout, the payment is posted by itself.",
    ),
    R.MORE_THAN_ORIGINAL: Wording(
        headline="more was given back than was paid",
        why="With what was given back before, a refund, return or dispute exceeds its payment, so it was not posted.",
        remedy="Compare the payment with its refunds in your payment system, and enter by hand what is right; then "
        "tell support, or the person who runs Writeback, who records it, dismisses it, or posts it as "
        "reported.",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.NAMES_OTHER_PATIENT: Wording(
        headline="a refund names a patient whom its payment did not",
        why="A refund goes back to the patients whose payment it was. This one names somebody else, so it was not "
        "posted to anybody.",
        remedy="Look in your payment system whose refund it is. If the payment was somebody else's too, your payment "
        "provider has to correct the payment; else enter the refund by hand, and tell support, or the person who runs "
        "Writeback, who records it or dismisses it.",
        afterwards="When the payment is corrected so that it names the same patient, the refund is posted by itself. "
        "Else nothing happens until somebody decides.",
    ),
    R.ORIGINAL_NOT_POSTED: Wording(
        headline="a payment came after its refund was settled by hand",
        why="A refund was reported before its payment, and somebody at your practice recorded or dismissed it. Now the "
        "payment has come. Posted by itself it would stand without its refund, or beside what was entered by hand.",
        remedy="Look what was entered for the refund. Enter the payment by hand where it is missing, and tell support, "
        "or the person who runs Writeback, who records it; or who dismisses it where nothing is to be entered.",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.TOO_MANY_EVENTS: Wording(
        headline="far too much was reported about one payment or payout",
        why="Your payment system has reported so many refunds, disputes and other changes of one payment or payout "
        "that something is wrong there. What comes now is kept and not posted.",
        remedy="Ask your payment provider what happened. Enter by hand what is right, and tell support, or the person "
        "who runs Writeback, who records or dismisses what waits.",
        afterwards="Nothing happens until somebody decides. Other payments are posted as always.",
    ),
    R.SUMS_DISAGREE: Wording(
        headline="a payout, a refund or a fee does not add up",
        why="The items of a payout do not add up to its total, or a refund or a fee does not match its payment, to the "
        "cent, so it was not posted.",
        remedy="Compare it with your bank and with the payment. Your payment provider has to send it again, "
        "corrected; or tell support, or the person who runs Writeback: they post it as reported, record it, "
        "or dismiss it.",
        afterwards="A corrected version is posted by itself.",
    ),
    R.CONNECTION_REPLACED: Wording(
        headline="entries belong to a connection that is no longer in use",
        why="The connection through which their payment was posted is switched off, or is not yours any more. A refund "
        "or a reversal is posted where its payment is, and nowhere else.",
        remedy="Connect that system again, or enter the refunds and reversals there by hand.",
        afterwards="As soon as that connection is saved again, they are posted by themselves, in order.",
    ),
    R.PRACTICE_UNKNOWN: Wording(
        headline="events name a practice that nobody has added",
        why="For more than an hour events have come under an id that is no practice's here: the practice was not added "
        "yet, or its id is mistyped in the payment system. They are kept, and nothing is posted from them.",
        remedy="Add the practice under this id, with --since before the first of them; or correct the id where it "
        "is sent from, which then sends them again under the right one, and dismiss these.",
        afterwards="As soon as the practice is added, what waited for it is decided by its settings; what was "
        "dismissed is not.",
        audience=Audience.OPERATOR,
    ),
    R.ORIGINAL_GONE: Wording(
        headline="an entry that should be taken back is not there any more",
        why="A refund, a return, a dispute or a returned payout takes back an entry that Writeback made, and that "
        "entry is not in your system any more. Nothing is posted against it.",
        remedy="If the entry was deleted because the money never counted, dismiss what waits (`writeback entries "
        "dismiss`). If it was entered again by hand, enter what waits by hand too, and record it (`writeback entries "
        "record`).",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.ORIGINAL_CHANGED: Wording(
        headline="an entry that should be taken back was changed by hand",
        why="A refund, a return, a dispute or a returned payout takes back an entry that Writeback made. In your "
        "system that entry has another amount, date or patient now. Nothing is posted against it.",
        remedy="Change the entry back, then have what waits posted (`writeback entries post`); or enter what is right "
        "by hand, and record it (`writeback entries record`).",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.NOT_READABLE: Wording(
        headline="something that must be read before posting cannot be read",
        why="Before an entry is posted, the patient's open charges or the entry that it takes back are read in your "
        "system. For a day that read has failed for this entry alone; others are posted.",
        remedy="Open the patient's account, or the entry that is taken back, and see whether it shows. Then have what "
        "waits posted (`writeback entries post`), or enter it by hand and record it (`writeback entries record`).",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.PROBABLY_TYPED_IN: Wording(
        headline="a payment seems to have been typed in by hand already",
        why="Before it was posted, a payment of the same patient, day and amount was found in your system, and "
        "Writeback did not make it. So it was held, and it does not stand there twice.",
        remedy="Look at the patient's account. If it is the same payment, have what waits recorded (`writeback entries "
        "record`). If the patient paid twice, have it posted (`writeback entries post`).",
        afterwards="Nothing happens until somebody decides.",
    ),
    R.PATIENT_RECORD_CHANGED: Wording(
        headline="a patient's record may be somebody else's now",
        why="The record in your system to which this patient is linked has another name and another birth date than "
        "when it was linked, or last verified. So nothing is posted there.",
        remedy="Look at both (`writeback link verify`). If it is the same person, verify the link; if not, link the "
        "right record (`writeback link add`). Then have what waits posted (`writeback entries post`).",
        afterwards="Until then it is held again, also when somebody has it posted.",
    ),
    R.CHANGED_AT_TARGET: Wording(
        headline="an entry that Writeback made was deleted or changed in your system",
        why="Your system was read, and the entry is not there any more, or it has another amount, date or patient. "
        "Writeback changes nothing there, and counts the entry as it was posted.",
        remedy="If that was a mistake, put the entry back as it was. If it was meant, say so (`writeback sync "
        "accept`); then it is told no more. A refund of it is held until somebody decides.",
        afterwards="As soon as a read finds the entry as it was posted, this ends by itself.",
    ),
    R.IN_TWO_PAYOUTS: Wording(
        headline="a payout contains money that is in an earlier payout",
        why="The same charge or refund stands in two payouts, and both are said to have reached your bank. It is "
        "booked once: the second payout is held, and nothing of it was written.",
        remedy="Compare both payouts with your bank statement. If one of them was never paid, ask your payment "
        "provider to report that. If both were, decide about the held entry (`writeback entries post`, `record` or "
        "`dismiss`).",
        afterwards="When one of the two payouts fails or is corrected, the other one is written by itself.",
    ),
    R.FEE_DIFFERS: Wording(
        headline="a payout took another fee than was reported",
        why="The fee of a payment in the payout is not the fee that was reported with the payment, or that a person "
        "typed for it. Nothing was changed.",
        remedy="Ask your payment provider which one is right. If the payout is, say so (`writeback payouts accept`) "
        "and the entries are corrected; if nothing is to be done, dismiss it (`writeback payouts dismiss`).",
        afterwards="A correction from your payment provider is posted by itself, and ends this.",
    ),
    R.GROSS_DIFFERS: Wording(
        headline="a payout contains another amount than was reported",
        why="The amount of a payment or refund in the payout, before fees, is not the amount that was reported. "
        "Nothing was changed.",
        remedy="Ask your payment provider which one is right. If the payout is, say so (`writeback payouts accept`) "
        "and the entries are corrected; if nothing is to be done, dismiss it (`writeback payouts dismiss`).",
        afterwards="A correction from your payment provider is posted by itself, and ends this.",
    ),
    R.REFUND_UNKNOWN: Wording(
        headline="a payout contains a refund that was never reported",
        why="Money was taken from the payout for a refund that your payment system has not reported, so the patient's "
        "ledger does not show it.",
        remedy="Ask your payment provider to report the refund. If it cannot, and the payout is right, say so "
        "(`writeback payouts accept`) and the refund is posted; or dismiss it (`writeback payouts dismiss`).",
        afterwards="A refund that is reported later takes the place of what was posted.",
    ),
    R.CHARGE_UNKNOWN: Wording(
        headline="a payout contains a payment that was never reported",
        why="Money reached your bank for a payment that your payment system has not reported. Whose payment it is, the "
        "payout does not say, so no patient's ledger shows it.",
        remedy="Ask your payment provider to report the payment. If nothing is to be done, dismiss it (`writeback "
        "payouts dismiss`).",
        afterwards="A payment that is reported later is posted by itself, and ends this.",
    ),
    R.MISSING_FROM_PAYOUT: Wording(
        headline="a payment has not been paid out",
        why="The payment was reported and is in no payout, for longer than your practice waits for one.",
        remedy="Ask your payment provider where the money is. If it reached you in another way, dismiss it (`writeback "
        "payouts dismiss`).",
        afterwards="A payout that contains it ends this.",
    ),
    R.ONE_BANK_ACCOUNT: Wording(
        headline="payouts name a bank account, and your mapping names none",
        why="A payout says which bank account it reached. Your mapping of QuickBooks has one bank account for all "
        "payouts, so it was booked there.",
        remedy="If your payouts reach more than one bank account, name each under banks in the mapping, by the last "
        "four digits of its number. With one account there is nothing to do.",
        afterwards="Once one is named, a payout to an account that is not named is held until it is.",
    ),
    R.FEE_FOR_THE_BATCH: Wording(
        headline="your payouts take one fee for many payments",
        why="Your payment provider charges one fee for a whole payout and none for its payments. So the net amount "
        "of a payment is its gross amount, and the fee stands in QuickBooks alone.",
        remedy="Nothing to do. If you want to read the amounts so, choose gross in the settings.",
        afterwards="You are told this once.",
    ),
    R.DISPUTE_OPENED: Wording(
        headline="a patient's payment is disputed",
        why="The cardholder's bank has taken the money back for the time being.",
        remedy="Answer the dispute in your payment system, with your evidence, before the day it names.",
        afterwards=_SEES_TO_IT,
    ),
    R.DISPUTE_WON: Wording(
        headline="a dispute was decided for you",
        why="The bank gave the money back.",
        remedy="Nothing to do.",
        afterwards=_SEES_TO_IT,
    ),
    R.DISPUTE_LOST: Wording(
        headline="a dispute was decided against you",
        why="The money stays with the cardholder.",
        remedy="The patient owes the amount again: decide with them how it is paid.",
        afterwards="Nothing more is posted: the entries made when the dispute was opened stay.",
    ),
    R.DISPUTE_WITHDRAWN: Wording(
        headline="a dispute was withdrawn",
        why="The cardholder withdrew the dispute.",
        remedy="Nothing to do.",
        afterwards=_SEES_TO_IT,
    ),
    R.MOVED_AFTER_VOID: Wording(
        headline="money of a voided payment was reported to have moved after the void",
        why="Your payment system reported that a payment was voided. It had reported before that money of the same "
        "payment moved at a later time: a refund, a return, a dispute or a correction. A voided payment has no money "
        "to give back, so one of the two is wrong.",
        remedy="Ask your payment provider which of the two is true, and compare the payment with your bank and with "
        "the patient's ledger.",
        afterwards="What was left of the payment was taken back, and counts toward no balance any more. Whatever your "
        "payment system reports next about it waits for a person, unless it happened before the void.",
    ),
    R.PAYMENT_RETURNED: Wording(
        headline="a bank returned a patient's payment",
        why="A payment from a bank account was sent back, for lack of funds or because the account holder objected.",
        remedy="The patient owes the amount again: decide with them how it is paid.",
        afterwards=_SEES_TO_IT,
    ),
    R.PAYOUT_FAILED: Wording(
        headline="a payout did not reach your bank account",
        why="Your bank sent the payout back, or your payment provider could not deliver it.",
        remedy="Check the bank account that your payment provider pays out to.",
        afterwards="The payout's entry in the books is reversed. A new payout gets an entry of its own.",
    ),
    R.LEDGER_SET_BACK: Wording(
        headline="the ledger's database was set back, or another server has its place",
        why="Others know more than the database does, or its server is another one than before: a copy was restored, "
        "or a standby took over. What was written after that point may be missing from it.",
        remedy="Make sure that the former server takes no connections any more. Find out from when the database is, "
        "and who did what here since then: entries that people entered in their own systems and recorded here would be "
        "posted, so record them again at once (`writeback entries record`); then do again what was changed of "
        "practices, settings, links and connections, and what was dismissed. `writeback audit verify` says whose "
        "audit trail lost its end, `writeback audit-receipts` whether a record is missing. If a server only took over "
        "and nothing was lost, there is nothing to do.",
        afterwards="Writeback goes on by itself: it reads the events again from where the database stands, and looks "
        "for each open entry at its target before it sends anything. What it finds is not sent again. Until it has "
        "looked, posting is slower. This is told once for each time.",
        audience=Audience.OPERATOR,
    ),
    R.NO_PAYMENTS_REPORTED: Wording(
        headline="no payment has been reported for longer than is usual",
        why="Your payment system has reported nothing for more than three times as long as is usual while your office "
        "is open. What is not reported cannot be posted.",
        remedy="If you have taken payments since then, ask your payment provider whether they are reported. If your "
        "office was closed, tell support, or the person who runs Writeback: they enter the days as holidays.",
        afterwards="As soon as payments are reported again they are posted as always, those of the time between too.",
    ),
    R.NO_PAYOUTS_REPORTED: Wording(
        headline="no payout has been reported for longer than is usual",
        why="Your payment system has reported no payout for more than three times as long as is usual on your working "
        "days. What is not reported cannot be written to your books.",
        remedy="If money has reached your bank account since then, ask your payment provider whether its payouts are "
        "reported. If your office was closed, tell support, or the person who runs Writeback: they enter the days as "
        "holidays.",
        afterwards="As soon as payouts are reported again they are posted as always, those of the time between too.",
    ),
    R.UPSTREAM_SILENT: Wording(
        headline="many practices are silent at once: nothing is reported of them",
        why="More than a tenth of all practices whose habits are known became silent within three days. So many do not "
        "close at once: a payment system has stopped sending, or its records do not get through. Practices are not "
        "told meanwhile.",
        remedy="See whether records arrive on the source topics, and whether the roles that read them keep up; ask who "
        "sends them. The runbook UpstreamSilent says how.",
        afterwards="It closes by itself. Practices that are silent then are told, each for itself.",
        audience=Audience.OPERATOR,
    ),
    R.ROLE_STOPPED: Wording(
        headline="a part of Writeback refuses to go on",
        why="It met something that a restart does not help with: records of several practices and payment systems that "
        "it cannot take, topics that are not as they should be, or a setting that cannot work. It stopped before it "
        "wrote anything, so that nothing is lost.",
        remedy="Read the last line of its log (`writeback up` prints it too): it says which part stopped, why, and "
        "what to change. Then start it again.",
        afterwards="It goes on where it stopped. Until then payments wait, for all practices; nothing is lost.",
        audience=Audience.OPERATOR,
    ),
}
