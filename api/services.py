"""What every route works with, made once for each application."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from api.asking import Asking
from api.hub import Hub
from api.metrics import Metrics
from api.problems import ProblemError
from api.rates import Rates
from api.reading import Reader
from api.receipts import Receipts
from api.settings import ApiSettings
from api.status import StatusBoard
from api.tokens import Tokens
from storage.rows import RunRow


@dataclass(frozen=True, slots=True)
class Services:
    settings: ApiSettings
    reader: Reader
    hub: Hub
    asking: Asking
    board: StatusBoard
    metrics: Metrics
    tokens: Tokens
    rates: Rates
    receipts: Receipts

    def current_run(self) -> RunRow:
        """The run that is shown.

        Raises
        ------
        ProblemError
            503 while there is none, with the reason.
        """
        run = self.hub.run
        if run is None:
            reason = self.hub.trouble or "no engine and no replay has written to this database yet"
            raise ProblemError(503, f"there are no figures yet: {reason}", reason=reason)
        return run


def _services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


Served = Annotated[Services, Depends(_services)]
