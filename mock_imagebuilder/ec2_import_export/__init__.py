"""EC2's actions for the import and export of virtual machines, which moto's EC2 lacks.

Only to be imported when moto's EC2 is: :mod:`.actions` are methods for its response class. The tasks themselves are those
of :mod:`mock_imagebuilder.imagebuilder.builds.vm_tasks`, shared with Image Builder.
"""
