"""Speaking with bots over HTTP: sane ones, and ones that are away, slow or out of their mind."""

import gzip
import json

import pytest

from cio_strategist.adapters.bots import LARGEST_REPLY, open_bots
from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.domain.fleet.call import BotCall
from cio_strategist.errors import BotError
from tests.bots import canned_bot, http

pytestmark = pytest.mark.servers

READ = BotCall("read", "GET", "/api/v1/strategies")
WRITE = BotCall("write", "POST", "/api/v1/config/x", body=b"{}", writes=True)


async def test_a_document_and_a_reply_are_read(ta, http_bots):
    bot = Bot("ta", ta.url)
    assert "/api/v1/strategies" in (await http_bots.document(bot))["paths"]
    reply = await http_bots.send(bot, READ)
    assert reply.status == 200
    assert reply.body["metadata"]["total_count"] == 3


async def test_what_is_sent_arrives_as_it_was_meant(ta, http_bots):
    call = BotCall("x", "POST", "/api/v1/strategies/a%20b/config", (("symbol", "A&B=1"), ("symbol", "é")), b'{"x": 1}')
    await http_bots.send(Bot("ta", ta.url), call)
    (received,) = ta.state.received
    assert received.target == "/api/v1/strategies/a%20b/config?symbol=A%26B%3D1&symbol=%C3%A9"
    assert received.body == b'{"x": 1}'
    assert "authorization" not in received.headers
    assert "cookie" not in received.headers


async def test_a_bot_that_is_away_is_said_to_be_away_and_nothing_was_sent(ta, http_bots):
    ta.stop()
    with pytest.raises(BotError, match=r"bot ta is away: POST /api/v1/config/x .* nothing was sent"):
        await http_bots.send(Bot("ta", ta.url), WRITE)


async def test_a_bot_that_comes_back_is_spoken_with_again(ta, http_bots):
    bot = Bot("ta", ta.url)
    await http_bots.send(bot, READ)
    ta.stop()
    with pytest.raises(BotError):
        await http_bots.send(bot, READ)
    ta.start()
    assert (await http_bots.send(bot, READ)).status == 200


async def test_a_bot_that_does_not_answer_is_too_slow_and_a_write_may_have_been_done():
    async with canned_bot(None) as silent, open_bots(connect_seconds=10, total_seconds=0.3) as bots:
        with pytest.raises(BotError, match=r"bot ta is too slow: POST .* whether it was done is not known") as slow:
            await bots.send(Bot("ta", silent.url), WRITE)
    assert isinstance(slow.value.__cause__, TimeoutError)
    assert len(silent.requests) <= 1


async def test_a_reply_that_trickles_is_too_slow():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    async with canned_bot(None) as bot, open_bots(connect_seconds=10, total_seconds=0.3) as bots:
        bot.head = head
        with pytest.raises(BotError, match="too slow"):
            await bots.send(Bot("ta", bot.url), READ)


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>hello</html>"),
        http(b"{"),
        http(b'{"x": NaN}'),
        http(b'{"x": 1e999}'),
        http(b'{"x": "\\ud800"}'),
        http(b"[" * 100_000 + b"]" * 100_000),
        http(b"1" * 10_000),
        http(b"\xff\xfe"),
        http(b"x" * (LARGEST_REPLY + 1)),
        http(gzip.compress(b"{}", mtime=0), headers="Content-Encoding: gzip\r\n"),
        http(b"", status="302 Found", headers="Location: http://127.0.0.1:1/\r\n"),
        http(b"{}", status="999 Odd"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"220 mail.example ESMTP\r\n",
        b"",
    ],
)
async def test_nonsense_is_an_error_that_names_the_bot_and_does_not_repeat_the_write(answer, http_bots):
    async with canned_bot(answer) as bot:
        with pytest.raises(BotError, match=r"bot ta .*POST /api/v1/config/x.* whether it was done is not known"):
            await http_bots.send(Bot("ta", bot.url), WRITE)
        assert len(bot.requests) == 1


async def test_a_reply_may_be_as_large_as_the_limit(http_bots):
    text = "x" * (LARGEST_REPLY - 2)
    async with canned_bot(http(json.dumps(text).encode())) as bot:
        assert (await http_bots.send(Bot("ta", bot.url), READ)).body == text


@pytest.mark.parametrize(("status", "code"), [("404 Not Found", 404), ("503 Service Unavailable", 503)])
async def test_an_error_keeps_its_status_even_if_it_is_no_json(status, code, http_bots):
    async with canned_bot(http(b"<h1>upstream</h1>", status=status)) as bot:
        reply = await http_bots.send(Bot("ta", bot.url), WRITE)
    assert (reply.status, reply.body) == (code, {"detail": "<h1>upstream</h1>"})
    assert reply.refused


async def test_a_bot_that_wants_to_be_left_alone_says_for_how_long(ta, http_bots):
    ta.state.quota_used_up = True
    reply = await http_bots.send(Bot("ta", ta.url), WRITE)
    assert (reply.status, reply.retry_after_seconds) == (429, 300)
    assert reply.refusal == "rate_limit_exceeded: cooldown_period"


async def test_a_document_that_is_not_there_is_an_error(http_bots):
    async with canned_bot(http(b"{}", status="404 Not Found")) as bot:
        with pytest.raises(BotError, match=r"bot ta answers /openapi.json with status 404"):
            await http_bots.document(Bot("ta", bot.url))


async def test_cookies_of_a_bot_are_not_kept(http_bots):
    async with canned_bot(http(b"{}", headers="Set-Cookie: a=b; Path=/\r\n")) as bot:
        for _ in range(2):
            await http_bots.send(Bot("ta", bot.url), READ)
    assert b"ookie" not in bot.requests[1]


async def test_a_proxy_of_the_environment_is_not_used(ta, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with open_bots(connect_seconds=10, total_seconds=20) as bots:
        assert (await bots.send(Bot("ta", ta.url), READ)).status == 200
