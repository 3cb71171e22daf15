"""What builds leave in neighbouring services, held back until somebody looks there.

Importing moto's EC2 takes longer than a whole test, and so does a fresh EC2 backend; most tests of a pipeline never look
at it. So an effect on a neighbour is applied at once if that neighbour's backend is alive, and otherwise waits here until
the backend is born. Whoever hosts the service switches ``deferring`` on, and then has to call :meth:`Outbox.deliver` for
every new backend; without that every effect is applied at once. Nothing observable depends on it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from moto.core.base_backend import backend_lock

Effect = Callable[[Any], None]
Address = tuple[str, str, str]


class Outbox:
    """Effects on neighbours by service, account and Region, in the order in which they happened."""

    def __init__(self) -> None:
        self.deferring = False
        self._waiting: dict[Address, list[Effect]] = {}

    def post(self, service: str, account_id: str, region: str, effect: Effect) -> None:
        """Apply ``effect`` to the neighbour's backend: now if it is alive, else when it is born.

        :param service: moto's name of the service, such as ``ec2``.
        """
        # No backend is born in the meantime, and none is there that has not yet got what has waited for it.
        with backend_lock:
            find = living_backend if self.deferring else backend_of
            backend = find(service, account_id, region)
            if backend is None:
                self._waiting.setdefault((service, account_id, region), []).append(effect)
                return
        effect(backend)

    def waits_for(self, service: str, account_id: str, region: str) -> bool:
        return (service, account_id, region) in self._waiting

    def deliver(self, service: str, account_id: str, region: str, backend: Any) -> None:
        """Apply what has waited for this backend."""
        for effect in self._waiting.pop((service, account_id, region), ()):
            effect(backend)

    def clear(self) -> None:
        self._waiting.clear()


def backend_of(service: str, account_id: str, region: str) -> Any:
    """A neighbour's backend, created if need be."""
    from moto.backends import get_backend

    backends: Any = get_backend(service)  # type: ignore[call-overload]
    return backends[account_id][region]


def living_backend(service: str, account_id: str, region: str) -> Any | None:
    """A neighbour's backend if somebody has used it already; importing and creating nothing."""
    module = sys.modules.get(f"moto.{service}.models")
    backends = getattr(module, f"{service}_backends", None)
    if backends is None or account_id not in list(backends):
        return None
    # The listed keys, not the mapping itself: moto's mapping claims to contain every Region that it could create.
    of_account = backends[account_id]
    return of_account[region] if region in list(of_account) else None
