"""Messages of the library, in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SENTENCE = re.compile(r"(\w+) must be (.*), got (.*) instead: (.*)", re.DOTALL)


def in_options(text: str, options: Mapping[str, str]) -> str:
    """Say how a command spells the parameter that a message of `must_be` is about.

    Parameters
    ----------
    text : str
        The message; any other text is returned as it is.
    options : mapping of str to str
        The options of the command, by the names of parameters.

    Examples
    --------
    >>> options = {"subset": "--subset", "M": "--snapshots"}
    >>> in_options("M must be at least 1, got 0 instead: 5 is the usual choice.", options)
    '--snapshots must be at least 1, got 0 instead: 5 is the usual choice.'
    >>> in_options("subset must be one of a, b, got None instead: as in subset='a'.", options)
    '--subset must be one of a, b, got nothing instead: as in --subset a.'
    """
    found = _SENTENCE.fullmatch(text)
    if found is None:
        return text
    name, must, got, fix = found.groups()
    if name not in options:
        return text
    must = must.replace("None for ", "left out for ")
    got = "nothing" if got == "None" else got
    must, fix = (_spelled(part, options) for part in (must, fix))
    return f"{options[name]} must be {must}, got {got} instead: {fix}"


def _spelled(text: str, options: Mapping[str, str]) -> str:
    """Replace NAME='VALUE' and NAME=VALUE by the option, and None by leaving it out."""
    for name, option in options.items():
        text = re.sub(rf"\b{name}='([^']*)'", rf"{option} \1", text)
    text = re.sub(r"\bNone holds out none\b", "none holds out none", text)
    return re.sub(r"\bNone\b", "leaving it out", text)
