"""What every session of a server may share: answers, and what follows from an answer alone, worked out once.

Five people who look at one place would else have it worked out five times, one after the other: Python does one thing
at a time. Nothing here is ever changed afterwards, so that nobody sees another's choices.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan, answer

__all__ = ["answered", "kept_for"]

_Made = TypeVar("_Made")
_MOST_ANSWERS = 12
"""An answer of England holds some tens of megabytes."""
_MOST_EACH = 200
_LOCK = Lock()
_ANSWERS: WeakKeyDictionary[Evidence, OrderedDict[str, Answer]] = WeakKeyDictionary()
_KEPT: WeakKeyDictionary[Answer | Evidence, OrderedDict[Hashable, Any]] = WeakKeyDictionary()


def answered(plan: Plan, known: Evidence) -> Answer:
    """The answer to a plan, the same object for everybody who asks it of this evidence; errors as `answer`."""
    return _once(_ANSWERS, known, plan.to_json(), lambda: answer(plan, known), _MOST_ANSWERS)


def kept_for(owner: Answer | Evidence, what: Hashable, make: Callable[[], _Made]) -> _Made:
    """What `make` gives for this answer or evidence, made once and let go with it. It must not be changed."""
    return _once(_KEPT, owner, what, make, _MOST_EACH)


def _once(shelves: Any, owner: Any, what: Hashable, make: Callable[[], _Made], most: int) -> _Made:
    with _LOCK:
        shelf: OrderedDict[Hashable, _Made] = shelves.setdefault(owner, OrderedDict())
        if what in shelf:
            shelf.move_to_end(what)
            return shelf[what]
    made = make()  # outside the lock: two who ask at once may both work, and nobody waits for a slow one
    with _LOCK:
        shelf[what] = made
        while len(shelf) > most:
            shelf.popitem(last=False)
    return made
