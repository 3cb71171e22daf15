"""The ``AWS::ImageBuilder::*`` types for moto's CloudFormation: stacks that call this service as AWS's handlers do."""

from . import image, resources

__all__ = ["image", "resources"]
