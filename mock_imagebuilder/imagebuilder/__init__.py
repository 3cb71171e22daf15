"""EC2 Image Builder, shaped like a moto service."""

from .models import imagebuilder_backends

__all__ = ["imagebuilder_backends"]
