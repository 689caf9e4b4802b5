"""Everything a user can get wrong, as one tree.

    ScenefillError
    ├── InputError (ValueError)   what was passed in cannot be used
    │   ├── ImageError            a picture that cannot be read or is of an unsupported kind
    │   ├── MaskError             a mask that is missing, of another size, or all hole
    │   └── LabelError            an unknown class, an id out of range, a map of another label set
    ├── ConfigError (ValueError)  a training or evaluation config with an unknown key or a clashing value
    ├── DataError                 a data folder that lacks files or holds files that do not pair
    ├── WeightsError              weights that are missing, damaged or of another network
    ├── OutputError (OSError)     a file that cannot be written, or that stands already
    └── MissingExtraError (ImportError)   an optional part of scenefill that is not installed

Each message is one sentence or two: what was given, what was expected, what to do.
The command line prints it and exits with 2; the web service answers 4xx with it; a batch records it and goes on.
"""

from __future__ import annotations


class ScenefillError(Exception):
    """Base of every error that scenefill raises on purpose."""


class InputError(ScenefillError, ValueError):
    """What was passed in cannot be used."""


class ImageError(InputError):
    """A picture that cannot be read, or is of a kind that is not supported."""


class MaskError(InputError):
    """A mask that does not fit its picture, or leaves nothing to go by."""


class LabelError(InputError):
    """A class name or id that the label set does not have, or a map of another label set."""


class ConfigError(ScenefillError, ValueError):
    """A config with an unknown key, a wrong type, or two settings that clash."""


class DataError(ScenefillError):
    """A data folder that does not hold what its layout promises."""


class WeightsError(ScenefillError):
    """Weights that are missing, damaged, or belong to another network."""


class OutputError(ScenefillError, OSError):
    """A file that cannot be written, or that stands already."""


class MissingExtraError(ScenefillError, ImportError):
    """An optional part of scenefill that is not installed; the message names the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs the extra "{extra}": run  pip install "scenefill[{extra}]"')


class ScenefillWarning(UserWarning):
    """Something that was done as asked and is probably not what was meant."""
