"""EC2's actions that builds need and moto's EC2 lacks: import and export of virtual machines, Fast Launch, block public
access for AMIs.

Only to be imported when moto's EC2 is: :mod:`.actions` are methods for its response class. The tasks themselves are those
of :mod:`mock_imagebuilder.imagebuilder.builds.vm_tasks`, shared with Image Builder; the rest is kept on moto's backend.
"""
