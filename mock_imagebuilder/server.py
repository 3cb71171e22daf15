"""moto's server with Image Builder in it: ``python -m mock_imagebuilder.server``, or ``mock_imagebuilder_server``.

Importing the package is what registers the service and the control routes, so moto's own ``ThreadedMotoServer`` serves
them too in a process that has imported ``mock_imagebuilder``.
"""

from __future__ import annotations

import sys
import warnings


def main(argv: list[str] | None = None) -> None:
    """Serve until interrupted.

    :param argv: the flags of ``moto_server``; those of the command line if left out or empty.
    :raises SystemExit: flask, which the extra ``server`` brings, is not installed.
    """
    try:
        with warnings.catch_warnings():
            # moto says the same in its own words, without the name of our extra.
            warnings.filterwarnings("ignore", message="When using MotoServer")
            from moto.server import main as moto_server
    except ImportError as error:
        sys.exit(f"The server needs {error.name}. Install it with: pip install 'mock-imagebuilder[server]'")
    moto_server(argv)


if __name__ == "__main__":
    main()
