"""imagebuilder base URL and path."""

from .responses import ImageBuilderResponse

#: All hosts of the service: with and without FIPS, in every partition, with and without dual stack, on any port.
url_bases = [r"https?://imagebuilder(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.-]+(?::\d+)?"]

url_paths = {
    "{0}/$": ImageBuilderResponse.dispatch,
    "{0}/.*$": ImageBuilderResponse.dispatch,
}
