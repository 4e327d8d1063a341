"""Words that say what an operation does."""

from __future__ import annotations

_CLEAR = """
add append apply approve archive assign attach authenticate authorize cancel clear clone close
confirm copy create deactivate decline delete deploy destroy detach disable dismiss download
duplicate edit enable enrich enroll exclude execute expire fetch finalize follow generate get
import increment init initialize insert install invalidate invite join leave list lock merge
migrate modify move mute patch pause perform ping precheck preview provision publish purge query
read rebuild redeliver refresh register reject remove rename reopen reorder replace reset resize
resolve restart restore resume retrieve retry revoke rotate run send simulate start stop submit
subscribe suspend terminate transition trigger unarchive unassign unblock uncancel unfollow
uninstall unlink unlock unmute unpublish unstar unsubscribe unsuspend unwatch update upgrade
upload upsert validate verify void
"""
_UNCLEAR = """
accept access accrue activate advance alert associate audit await backfill batch begin block
bulk bundle capture change charge check claim compare complete compute connect convert count
deliver deposit detect dispatch dispute do drop echo encrypt enhance enter evaluate exchange
export filter find fire flush forget fork fund grant identify increase invoke issue link lint
load lookup make map mark notify open order parse pay pin poll post process promote push put
rate reassign rebase receive reconnect record refund reload report request rerun reserve respond
return reverse review rollback sample save scan schedule search seek select serve set share
shift show sign skip snooze sort split star swap switch sync synchronize tag test toggle track
transfer transform translate undo unpin unset view vote watch withdraw write
"""
CLEAR_VERBS = frozenset(_CLEAR.split())
"""These are verbs wherever they stand in an operationId: `volumes_create`, `transferGet`."""
VERBS = CLEAR_VERBS | frozenset(_UNCLEAR.split())
"""The others are verbs at the start of a name, and nouns elsewhere: `link_account`."""
COLLECTION_ACTIONS = frozenset({"batch", "count", "export", "filter", "import", "list", "query",
                                "search"})  # fmt: skip
"""Verbs that act on many things at once: `search_customers`, but `find_secret`."""

REMOVING_VERBS = frozenset(
    {"cancel", "clear", "delete", "destroy", "disable", "disconnect", "erase", "purge",
     "remove", "reset", "revoke", "terminate", "unassign", "unlink", "unsubscribe"}
)  # fmt: skip
"""Verbs that DELETE can carry out; of any other it takes back the effect."""
PREPOSITIONS = frozenset({"as", "at", "by", "for", "from", "in", "into", "of", "on", "per", "to",
                          "under", "with", "without"})  # fmt: skip
ARTICLES = frozenset({"a", "an", "the"})
QUANTIFIERS = frozenset({"all", "available", "every", "multiple", "several"})
"""Words that only say that a list is meant."""
