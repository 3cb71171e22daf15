"""EC2 Image Builder, shaped like a moto service."""

from . import cloudformation
from .models import imagebuilder_backends

__all__ = ["cloudformation", "imagebuilder_backends"]
