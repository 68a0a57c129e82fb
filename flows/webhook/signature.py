"""The signature of a webhook, as the Standard Webhooks define it: receivers in most languages can verify it."""

import base64
import binascii
import hmac

from riskcore.errors import InputError

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def read_secret(text: str) -> bytes:
    """Read ``whsec_`` and the base64 of 24 to 64 bytes.

    Raises
    ------
    InputError
        It is none; the message does not repeat it.
    """
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if not text.startswith(PREFIX) or not _SHORTEST <= len(secret) <= _LONGEST:
        raise InputError(
            f"webhook_secret: must be {PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes; "
            f"make one with: echo {PREFIX}$(openssl rand -base64 32)"
        )
    return secret


def headers(secret: bytes, identifier: str, timestamp: int, body: bytes) -> dict[str, str]:
    r"""Return the headers that say which message this is, when it was sent, and that it is ours.

    .. math:: \text{signature} = \operatorname{HMAC}_{SHA256}(secret, id \; . \; timestamp \; . \; body)

    in base64 behind ``v1,``. Source: Standard Webhooks, version 1.0 (2023).

    Examples
    --------
    >>> secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = f"{identifier}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
