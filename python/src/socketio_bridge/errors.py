"""What this package raises."""

from __future__ import annotations


class BridgeError(Exception):
    """Base of all errors of this package.

    Attributes:
        code: a constant to tell errors apart, such as ``BRIDGE_INVALID_OPTION``.

    """

    code = "BRIDGE_ERROR"


class InvalidOptionError(BridgeError):
    """The application or its environment is not one that can be served. Raised at start."""

    code = "BRIDGE_INVALID_OPTION"


class InvalidCallError(BridgeError):
    """A request of the edge that does not have the form of a call. Answered with status 400."""

    code = "BRIDGE_INVALID_CALL"


class MissingPackageError(BridgeError, ModuleNotFoundError):
    """A package that only part of this one needs is not installed, or too old. The message says what to install.

    Attributes:
        name: the module that is missing, as for ``ModuleNotFoundError``.

    """

    code = "BRIDGE_MISSING_PACKAGE"
