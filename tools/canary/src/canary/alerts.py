"""Tells people: by email and by webhook, each on its own, so that one being away does not silence the other."""

import json
import smtplib
import ssl
import urllib.request
from email.message import EmailMessage
from http.client import HTTPException

from canary.watch_settings import Mail, WatchSettings

TIMEOUT_SECONDS = 10.0


def send_alert(settings: WatchSettings, subject: str, text: str) -> list[str]:
    """Send an alert every configured way; return what failed, in sentences without secrets."""
    failures: list[str] = []
    if settings.mail is not None:
        try:
            _send_mail(settings.mail, subject, text)
        except (OSError, ValueError, smtplib.SMTPException) as error:
            failures.append(f"email was not sent: {type(error).__name__}")
    if settings.webhook is not None:
        try:
            _send_webhook(settings.webhook, subject, text)
        except (OSError, ValueError, HTTPException) as error:
            # Its address is often a secret by itself, so the error's own text is not repeated.
            failures.append(f"the webhook was not called: {type(error).__name__}")
    return failures


def _send_mail(mail: Mail, subject: str, text: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, mail.sender, mail.to
    message.set_content(text)
    with _mail_server(mail) as server:
        if mail.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, mail.password)
        server.send_message(message)


def _mail_server(mail: Mail) -> smtplib.SMTP:
    if mail.tls == "implicit":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_SECONDS)


def _send_webhook(url: str, subject: str, text: str) -> None:
    body = json.dumps({"text": f"{subject}\n{text}", "subject": subject}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "canary"}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - checked when it was read
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 - checked when it was read
        pass
