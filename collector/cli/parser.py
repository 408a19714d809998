"""The grammar of the command line."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import NoReturn

from collector import __version__
from collector.cli import admin
from collector.cli.snippet import snippet
from collector.cli.spool import Local, spool_retry, spool_status
from collector.config import Settings, environment_name, option_name
from collector.errors import StartupError
from collector.model import PERMISSIONS

_EVERYWHERE = ("data_dir", "mongodb_uri", "database", "mongod", "mongod_cache_gb")

_RENAMED = ("script_path", "event_path")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as everything else here does."""

    def error(self, message: str) -> NoReturn:
        """Raises ``StartupError``."""
        raise StartupError(f"{message} (see {self.prog} --help)")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(prog="footfall", description="Footfall, a self-hosted event tracker.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"footfall {__version__}")
    families = parser.add_subparsers(dest="family", required=True, metavar="COMMAND", parser_class=Parser)
    serve = _add(families, "serve", "run the collector", None, [item.name for item in fields(Settings)])
    serve.add_argument(
        "--demo", action="store_true", help="make the demo user, list and keys, and print how to use them"
    )
    _add_json(serve)
    _add_json(_add(families, "bootstrap", "make the demo user, list and keys, and print them", admin.bootstrap))
    _add_users(_family(families, "user", "users, who own lists and keys"))
    _add_lists(_family(families, "list", "lists, which events belong to"))
    _add_keys(_family(families, "key", "keys, by which the API is used"))
    _add_snippet(_add(families, "snippet", "print the tag for a page", snippet, (*_EVERYWHERE, *_RENAMED)))
    catalog = _family(families, "catalog", "the catalog of events and their properties")
    _add_json(_add(catalog, "rebuild", "make the catalog anew from the events", admin.catalog_rebuild))
    _add_spool(_family(families, "spool", "the spool, where events wait while MongoDB is away"))
    return parser


def _family(families: argparse._SubParsersAction[Parser], name: str, text: str) -> argparse._SubParsersAction[Parser]:
    parser = families.add_parser(name, help=text, description=text, allow_abbrev=False)
    return parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)


def _add(
    family: argparse._SubParsersAction[Parser],
    name: str,
    text: str,
    work: admin.Work | None,
    settings: list[str] | tuple[str, ...] = _EVERYWHERE,
) -> argparse.ArgumentParser:
    parser = family.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(work=work, local=None)
    for item in fields(Settings):
        if item.name in settings:
            text = f"{item.metadata['help']} ({environment_name(item.name)})"
            if item.type == "bool":
                parser.add_argument(option_name(item.name), action="store_true", default=None, help=text)
            else:
                parser.add_argument(option_name(item.name), metavar=item.name.upper(), help=text.replace("%", "%%"))
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_users(users: argparse._SubParsersAction[Parser]) -> None:
    create = _add(users, "create", "make a user; prints the password that it makes", admin.user_create)
    create.add_argument("name", metavar="NAME", type=_text)
    _add_permissions(create, "what the user may do; all where absent")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    _add_json(create)
    _add_json(_add(users, "list", "show all users", admin.user_list))


def _add_lists(lists: argparse._SubParsersAction[Parser]) -> None:
    create = _add(lists, "create", "make a list", admin.list_create)
    create.add_argument("name", metavar="NAME", type=_text)
    create.add_argument("--user", metavar="NAME", type=_text, required=True, help="whose list it is")
    create.add_argument(
        "--retention", metavar="DAYS", type=_number, help="how many days events are kept; for ever where absent"
    )
    _add_json(create)
    _add_json(_add(lists, "list", "show all lists", admin.list_list))


def _add_keys(keys: argparse._SubParsersAction[Parser]) -> None:
    create = _add(keys, "create", "make a key; it is shown this once", admin.key_create)
    create.add_argument("--user", metavar="NAME", type=_text, required=True, help="whose key it is")
    kind = create.add_mutually_exclusive_group(required=True)
    kind.add_argument("--secret", action="store_true", help="a key for a server")
    kind.add_argument("--public", action="store_true", help="a key for pages: it may only track, into one list")
    _add_permissions(create, "what a secret key may do; all that its user may where absent")
    create.add_argument("--list", metavar="ID", type=_number, help="a public key's list; a secret key's default list")
    create.add_argument("--origin", metavar="URL", action="append", help="a public key's pages; may be repeated")
    create.add_argument("--rate-limit", metavar="N", type=_number, help="requests in 60 s, of this key alone")
    _add_json(create)
    _add_json(_add(keys, "list", "show all keys and when they were last used", admin.key_list))
    revoke = _add(keys, "revoke", "end a key, within 5 s everywhere", admin.key_revoke)
    revoke.add_argument("prefix", metavar="PREFIX", type=_text)
    _add_json(revoke)


def _add_snippet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", metavar="ID", type=_number, required=True, help="the list that the events are for")
    parser.add_argument("--url", metavar="URL", type=_text, required=True, help="the collector, as browsers reach it")
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--key", metavar="KEY", type=_text, help="a public key of the list")
    key.add_argument("--origin", metavar="URL", action="append", help="make a key for these pages; may be repeated")
    parser.add_argument("--noscript", action="store_true", help="print the image for pages without scripts too")
    _add_json(parser)


def _add_spool(spool: argparse._SubParsersAction[Parser]) -> None:
    _add_local(spool, "status", "show what waits, also while MongoDB is away", spool_status)
    _add_local(spool, "retry", "have the events that were set aside tried again", spool_retry)


def _add_local(family: argparse._SubParsersAction[Parser], name: str, text: str, local: Local) -> None:
    """A command that needs no MongoDB; it takes the same options as the others, so that one can type the same."""
    parser = _add(family, name, text, None, (*_EVERYWHERE, "spool_mb"))
    parser.set_defaults(local=local)
    _add_json(parser)


def _add_permissions(parser: argparse.ArgumentParser, text: str) -> None:
    known = ", ".join(sorted(PERMISSIONS))
    parser.add_argument(
        "--permissions",
        metavar="P,…",
        type=lambda value: value.split(","),
        help=f"{text}; {known}, with commas between",
    )


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError("not text in UTF-8") from error
    return value


def _number(value: str) -> int:
    try:
        number = int(value)
        number.to_bytes(8, signed=True)  # as MongoDB keeps it
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number that can be kept") from error
    return number


def check_arguments(arguments: argparse.Namespace) -> None:
    """What the grammar cannot say.

    Raises:
        StartupError: options that do not go together.
    """
    if arguments.work is not admin.key_create:
        return
    if arguments.public and arguments.list is None:
        raise StartupError("A public key is bound to one list: --list ID")
    if arguments.public and arguments.permissions:
        raise StartupError("A public key may only track: --permissions does not go with --public")
    if arguments.secret and arguments.origin:
        raise StartupError("A secret key has no pages: --origin goes with --public")
