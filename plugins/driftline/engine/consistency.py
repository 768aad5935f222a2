"""Whether a dataset hangs together: every listed child is there, once, and every object hangs somewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .exceptions import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import DiffSyncModel
    from .typing import Dataset

    Key = tuple[str, str]
    Objects = dict[Key, DiffSyncModel]
    Parents = dict[Key, list[DiffSyncModel]]


def check(dataset: Dataset) -> list[Problem]:
    """Return what is wrong with the objects of a dataset and their lists of children, in the order of the tree.

    Each problem names the object, and its parent where there is one; the codes are MODEL-TYPE, MODEL-IDENTITY,
    MODEL-CHILD-MISSING, MODEL-CHILD-TWICE, MODEL-CHILD-SHARED, MODEL-CHILD-ORPHAN and MODEL-CHILD-CIRCLE.
    """
    problems: list[Problem] = []
    objects: Objects = {}
    for modelname in _models(dataset):
        there = dataset.get_all(modelname)
        problems.extend(_unfit(dataset, modelname, there))
        objects.update(((modelname, obj.get_unique_id()), obj) for obj in there)
    parents: Parents = {}
    for obj in objects.values():
        problems.extend(_children(obj, objects, parents))
    problems.extend(_shared(parents))
    problems.extend(_astray(dataset, objects, parents))
    return problems


def _models(dataset: Dataset) -> list[str]:
    """Return the names of the models that have a place in the tree, from the top down."""
    names = list(dataset.top_level)
    for name in names:  # which grows meanwhile
        names.extend(each for each in dataset.model_class(name).get_children_mapping() if each not in names)
    return names


def _unfit(dataset: Dataset, modelname: str, objects: list[Any]) -> Iterator[Problem]:
    """Look at each object by itself."""
    cls = dataset.model_class(modelname)
    uids = [obj.get_unique_id() for obj in objects]
    found = dataset.find_by_uids(uids, modelname)
    names = Counter(uids)
    for uid, obj in zip(uids, objects, strict=True):
        if not isinstance(obj, cls):
            yield _problem(
                obj,
                "TYPE",
                f"it is a {type(obj).__name__}, and the {modelname} of {dataset.name} is a {cls.__name__}",
                "add objects of the adapter's own classes, whose hooks are meant for it",
            )
        # Where two have one name, the one that the store has under it is right.
        if uid not in found or (names[uid] > 1 and found[uid] is not obj):
            yield _problem(
                obj,
                "IDENTITY",
                "its identifiers were changed after it was added; the store has it under another name",
                "remove the object, change it, and add it again",
            )


def _children(obj: DiffSyncModel, objects: Objects, parents: Parents) -> Iterator[Problem]:
    """Look at the lists of an object's children, and note whom they name."""
    for modelname, field_name in obj.get_children_mapping().items():
        seen: set[str] = set()
        for uid in getattr(obj, field_name):
            if uid in seen:
                yield _problem(
                    obj,
                    "CHILD-TWICE",
                    f"it lists the {modelname} {uid} more than once",
                    f"take it off `{field_name}`; `add_child` lists an object once",
                )
            elif (modelname, uid) not in objects:
                yield _problem(
                    obj,
                    "CHILD-MISSING",
                    f"it lists the {modelname} {uid}, which is not there",
                    f"add the {modelname}, or take it off `{field_name}`",
                )
            else:
                parents.setdefault((modelname, uid), []).append(obj)
            seen.add(uid)


def _shared(parents: Parents) -> Iterator[Problem]:
    for (modelname, uid), listed_by in parents.items():
        if len(listed_by) > 1:
            names = " and ".join(f"the {parent.get_type()} {parent.get_unique_id()}" for parent in listed_by)
            yield Problem(
                f"{modelname} {uid}",
                "MODEL-CHILD-SHARED",
                f"it is a child of {names}",
                "let only one of them list it",
            )


def _astray(dataset: Dataset, objects: Objects, parents: Parents) -> Iterator[Problem]:
    """Return the objects that can't be reached from the top: those that nobody lists, then those in circles."""
    reached: set[Key] = set()
    _reach([key for key in objects if key[0] in dataset.top_level], objects, reached)
    orphans = [key for key in objects if key not in reached and key not in parents]
    for key in orphans:
        yield _problem(
            objects[key],
            "CHILD-ORPHAN",
            "no object lists it as its child, so it is neither compared nor synchronised",
            "list it under its parent with `add_child`, or remove it",
        )
    _reach(orphans, objects, reached)
    for key in objects:
        if key not in reached:
            listed_by = parents[key][0]
            yield _problem(
                objects[key],
                "CHILD-CIRCLE",
                f"it hangs below the {listed_by.get_type()} {listed_by.get_unique_id()}, which hangs below it",
                "list one of them under a parent that can be reached from the top",
            )
            _reach([key], objects, reached)


def _reach(start: list[Key], objects: Objects, reached: set[Key]) -> None:
    """Add these keys, and those of all that is below them."""
    waiting = start
    while waiting:
        key = waiting.pop()
        if key in reached or key not in objects:
            continue
        reached.add(key)
        for modelname, field_name in objects[key].get_children_mapping().items():
            waiting.extend((modelname, uid) for uid in getattr(objects[key], field_name))


def _problem(obj: DiffSyncModel, code: str, message: str, hint: str) -> Problem:
    return Problem(f"{obj.get_type()} {obj.get_unique_id()}", f"MODEL-{code}", message, hint)
