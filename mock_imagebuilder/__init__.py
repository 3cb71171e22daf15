"""AWS EC2 Image Builder in one Python process: a moto plugin with the same rules and the same errors.

Importing this package is enough for a plain ``moto.mock_aws`` to serve Image Builder.
"""

from . import moto_seam
from .control import Control
from .decorator import MockImageBuilder, mock_imagebuilder
from .imagebuilder import imagebuilder_backends

moto_seam.install()

__version__ = "0.1.0"
__all__ = ["Control", "MockImageBuilder", "imagebuilder_backends", "mock_imagebuilder"]
