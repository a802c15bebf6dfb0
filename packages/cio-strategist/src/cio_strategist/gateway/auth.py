"""Who asks: from the bearer token of a request to a verified caller."""

import re
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from cio_strategist.domain.access.caller import ANONYMOUS, Caller
from cio_strategist.errors import StoreUnreachableError, UnauthenticatedError
from cio_strategist.gateway.services import Services, WriteLimit

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([\x21-\x7e]{1,512})")

_documented = HTTPBearer(
    scheme_name="bearer",
    auto_error=False,
    description="A token made with `cio-policy token create`. Without one everything may be read and nothing written.",
)


@dataclass(frozen=True, slots=True)
class Access:
    """A caller as far as it could be verified. What it may do is for the services to say."""

    caller: Caller
    unverified: StoreUnreachableError | None
    """Why a token that was sent could not be verified; then the caller counts as nobody, and reads go on."""
    limit: WriteLimit

    def tightener(self) -> Caller:
        """Return the caller of a change that is never refused for its rate, such as a halt.

        Raises `UnauthenticatedError` for nobody, and `StoreUnreachableError` for a token that cannot be verified now.
        """
        if self.unverified is not None:
            raise StoreUnreachableError(
                f"the token cannot be verified, so nothing is written: {self.unverified}; "
                f"in need, cio-policy halt and safe work straight on Redis"
            )
        if self.caller == ANONYMOUS:
            raise UnauthenticatedError("writing needs a token: send Authorization: Bearer <token>")
        return self.caller

    async def writer(self) -> Caller:
        """Return the caller of a write, counting it. Raises as `tightener` does, and `RateLimitedError`."""
        caller = self.tightener()
        await self.limit.take(caller)
        return caller


def services_of(request: Request) -> Services:
    """Return the services that the application was made with."""
    return cast("Services", request.app.state.services)


async def access_of(request: Request, _: Annotated[object, Depends(_documented)]) -> Access:
    """Verify the token of a request; `request.state` keeps its `caller` and whether the token stayed `unverified`.

    Raises `UnauthenticatedError` for a header that holds no bearer token, and for a token that does not count.
    """
    services = services_of(request)
    unverified: StoreUnreachableError | None = None
    caller = ANONYMOUS
    try:
        caller = await services.tokens.caller_of(bearer_of(request.headers.getlist("authorization")))
    except StoreUnreachableError as error:
        unverified = error
    request.state.caller = caller
    request.state.unverified = unverified is not None
    return Access(caller, unverified, services.write_limit)


def bearer_of(headers: list[str]) -> str | None:
    """Return the token in the `Authorization` headers of a request; None without any.

    Raises `UnauthenticatedError` for more than one, and for one that is not `Bearer` and a token.
    """
    if not headers:
        return None
    match = _BEARER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
    if match is None:
        raise UnauthenticatedError("the Authorization header cannot be read: send it once, as Bearer <token>")
    return match.group(1)


async def _reading(access: Annotated[Access, Depends(access_of)]) -> Caller:
    return access.caller


async def _writing(access: Annotated[Access, Depends(access_of)]) -> Caller:
    return await access.writer()


async def _tightening(access: Annotated[Access, Depends(access_of)]) -> Caller:
    return access.tightener()


Verified = Annotated[Access, Depends(access_of)]
"""For routes that find out themselves whether they write."""
Reader = Annotated[Caller, Depends(_reading)]
"""Whoever looks, `ANONYMOUS` included."""
WriterCaller = Annotated[Caller, Depends(_writing)]
"""Whoever writes, counted against the write limit."""
Tightener = Annotated[Caller, Depends(_tightening)]
"""Whoever tightens control, which is never refused for its rate."""
Inside = Annotated[Services, Depends(services_of)]
"""The services."""
