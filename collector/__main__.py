"""``python -m collector``, installed as ``footfall``."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from collector.cli.database import opened
from collector.cli.output import show
from collector.cli.parser import check_arguments, make_parser
from collector.cli.serve import serve
from collector.config import Settings, read_settings
from collector.errors import StartupError
from collector.storage.guard import StoreAway


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; 0 when it did its work, else 1 and a line on stderr."""
    try:
        arguments = make_parser().parse_args(argv)
        check_arguments(arguments)
        settings = read_settings(vars(arguments), os.environ)
        asyncio.run(_run(arguments, settings))
    except StartupError as error:
        print(f"footfall: {error}", file=sys.stderr)
        return 1
    except StoreAway:
        print("footfall: MongoDB is away; please try again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Such as `footfall key list | head -1`. What is still in the buffer has nobody to go to at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


async def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    if arguments.local:
        show(arguments.local(settings), arguments.json)
        return
    if arguments.work is None:
        await serve(settings, arguments.demo, arguments.json)
        return
    async with opened(settings) as store:
        show(await arguments.work(store, arguments, settings), arguments.json)


if __name__ == "__main__":
    sys.exit(main())
