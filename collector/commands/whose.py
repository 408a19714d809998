"""What the commands that read have in common: whose events are asked for."""

from __future__ import annotations

from collector.access.directory import Directory
from collector.commands.call import Call
from collector.commands.tracking import list_number
from collector.errors import Fault
from collector.model import Document, MailingList, list_scope, user_scope

Asked = tuple[MailingList | None, set[Fault]]


async def asked_list(call: Call, directory: Directory, faults: set[Fault]) -> Asked:
    """The list that is asked for, None where none is named; fault 3 where there is none, or it is another user's.

    Raises:
        StoreAway: it is not known from before.
    """
    given = call.given.get("ListID")
    if given is None or Fault.INVALID_LIST_QUERY in faults:
        return None, set()
    list_id = list_number(given)  # None too for a number beyond all lists
    found = None if list_id is None else await directory.list_of(list_id, call.who)
    return found, (set() if found else {Fault.LIST_NOT_FOUND})


def scope_of(found: MailingList | None, call: Call) -> str:
    """The scope of a list, or of what the caller tracks without one."""
    return list_scope(found.id) if found else user_scope(call.who.user.id)


def page_size(given: Document, default: int, most: int, wrong: set[Fault]) -> int:
    """``Limit``, which fits the schema: how many a page holds; fault 25 beyond ``most``."""
    number = list_number(given.get("Limit", default)) or 0
    if not 0 < number <= most:
        wrong.add(Fault.INVALID_LIMIT)
    return number
