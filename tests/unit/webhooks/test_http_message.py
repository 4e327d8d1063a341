"""Read a delivery from a file that holds an HTTP request."""

from __future__ import annotations

import pytest

from noctule.webhooks.formats.http_message import read_capture

BODY = b'{"a":1}\r\n\r\n{"not":"a header"}\n'


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_message_is_read_to_the_last_byte(end):
    lines = [b"POST /hooks?x=1 HTTP/1.1", b"Host: shop.example", b"X-Signature:  ab ", b"", b""]
    request = read_capture(end.join(lines) + BODY)
    assert (request.method, request.url) == ("POST", "https://shop.example/hooks?x=1")
    assert request.header("x-signature") == b"ab"
    assert request.body == BODY


def test_the_address_may_be_whole_or_given():
    assert read_capture(b"POST http://a/b HTTP/1.1\n\n").url == "http://a/b"
    assert read_capture(b"POST /b\n\n", url="https://c/d").url == "https://c/d"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no empty line"),
        (b'{"id": 1}', "no empty line"),
        (b"hello\n\n", "line 1 is not a request line"),
        (b"POST / HTTP/1.1\nHost: a\nnonsense\n\n", "line 3 is not a header"),
    ],
)
def test_a_file_that_is_not_http_is_refused_with_its_line(data, message):
    with pytest.raises(ValueError, match=message):
        read_capture(data)
