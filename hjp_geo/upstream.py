"""The network: one polite session that every downloader uses, and the mirror that can stand in for every publisher.

``HJP_GEO_MIRROR`` is a base address or a folder. ``https://HOST/PATH?QUERY`` becomes ``BASE/HOST/PATH?QUERY``, or the
file ``FOLDER/HOST/PATH``. In a folder the query is ignored but for an ArcGIS count, which is the file
``PATH.count.json``: a folder serves whole files and layers of one page. Where PATH is itself a folder, because another
address lies below it, its own answer is the file ``PATH/index.json``.
"""

from __future__ import annotations

import io
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.models import PreparedRequest, Response
from urllib3 import BaseHTTPResponse
from urllib3.util import Retry

from hjp_geo.errors import PlanError, SourceError

__all__ = ["Progress", "Upstream", "quiet"]

Progress = Callable[[int, int | None, str], None]
"""Called with (done, total or None, unit) while something long runs."""

USER_AGENT = (
    "hjp-geo/0.1 (open-source planning tool for health justice partnerships; +https://pypi.org/project/hjp-geo/)"
)
TIMEOUT_SECONDS = (10, 60)
TRIES = 5
LONGEST_WAIT_SECONDS = 60.0
_WORTH_RETRYING = (429, 500, 502, 503, 504)
_CHUNK_BYTES = 1 << 18
_FOLDER_SCHEME = "http-folder://"  # requests leaves the query off an address that does not begin with http


def quiet(_done: int, _total: int | None, _unit: str) -> None:
    """A progress report that nobody reads."""


@dataclass
class Upstream:
    """A session with the publishers, or with the mirror that stands in for them."""

    mirror: str | None = None
    pause_seconds: float = 0.5
    _session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.is_folder and not Path(str(self.mirror)).is_dir():
            raise PlanError(
                f"The mirror '{self.mirror}' is neither an address such as http://127.0.0.1:8080 nor a folder here."
            )
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        retry = _Retry(
            total=TRIES - 1,
            backoff_factor=self.pause_seconds,
            backoff_jitter=self.pause_seconds,
            status_forcelist=_WORTH_RETRYING,
            allowed_methods=("GET", "POST"),
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        self._session.mount(_FOLDER_SCHEME, _FolderAdapter(Path(self.mirror or ".")))

    @property
    def is_folder(self) -> bool:
        """Whether the mirror is a folder rather than a server."""
        return self.mirror is not None and "://" not in self.mirror

    def manifest(self) -> Mapping[str, Any]:
        """What a folder mirror says of itself (``mirror.toml``): whether it is made up, and its own row totals."""
        path = Path(self.mirror or ".") / "mirror.toml"
        if not self.is_folder or not path.is_file():
            return {}
        try:
            return tomllib.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise SourceError(f"{path} is not TOML ({error}). Mend it, or take another mirror.") from error

    def address(self, url: str) -> str:
        """Where a publisher's address is really asked for."""
        if self.mirror is None:
            return url
        rest = url.split("://", 1)[1]
        return f"{_FOLDER_SCHEME}{rest}" if self.is_folder else f"{self.mirror.rstrip('/')}/{rest}"

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: str = "whole",
    ) -> Response:
        """The publisher's answer, whatever its status; `SourceError` when there is none.

        A whole body that breaks off is asked for again, up to `TRIES` times.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._session.get(
                    self.address(url),
                    params=params,
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    stream=stream == "stream",
                )
            except requests.exceptions.ChunkedEncodingError as error:
                if attempt == TRIES:
                    raise SourceError(f"{url} broke off while being read: {_short(error)}. Try again later.") from error
                self.wait(attempt)
            except requests.RequestException as error:
                raise SourceError(self._no_answer(url, error)) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def wait(self, attempt: int) -> None:
        """Pause before the next attempt, longer after each."""
        time.sleep(self.pause_seconds * 2 ** (attempt - 1))

    def _no_answer(self, url: str, error: Exception) -> str:
        where = f"{urlsplit(url).hostname}" + (f" (through the mirror {self.mirror})" if self.mirror else "")
        return (
            f"No answer from {where}: {_short(error)}. Check the connection"
            + (" and HJP_GEO_MIRROR" if self.mirror else "")
            + "; what was fetched before is still in use."
        )

    def json(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object a publisher answers with; `SourceError` on any other status or content."""
        response = self.get(url, params)
        if response.status_code != requests.codes.ok:
            raise SourceError(f"{url} answered {response.status_code}, expected 200. Try again later.")
        try:
            answer = response.json()
        except ValueError as error:
            raise SourceError(
                f"{url} answered with {_kind(response)}, expected JSON: a challenge or error page. Try again later."
            ) from error
        if not isinstance(answer, dict):
            raise SourceError(f"{url} answered with JSON that is no object. The publisher changed its service.")
        return answer

    def download(
        self, url: str, to: Path, headers: Mapping[str, str] | None = None, progress: Progress = quiet
    ) -> Response:
        """Write the publisher's bytes to a file, whole or not at all; the answer tells status and validators.

        A body that breaks off is asked for again, up to `TRIES` times. Only a 200 writes a file.
        """
        for attempt in range(1, TRIES + 1):
            with self.get(url, headers=headers, stream="stream") as response:
                if response.status_code != requests.codes.ok:
                    return response
                try:
                    _write_whole(response, to, progress)
                except (requests.RequestException, EOFError, OSError) as error:
                    to.unlink(missing_ok=True)
                    if attempt == TRIES or isinstance(error, PermissionError) or _disk_is_full(error):
                        raise SourceError(
                            f"{url} broke off while being read: {_short(error)}. Try again later."
                        ) from error
                    self.wait(attempt)
                else:
                    return response
        raise AssertionError("unreachable: the last attempt returns or raises")


class _Retry(Retry):
    """Retries that obey ``Retry-After``, but not for hours."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT_SECONDS)


def _write_whole(response: Response, to: Path, progress: Progress) -> None:
    announced = response.headers.get("Content-Length")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    total = int(announced) if announced and not encoded else None
    done = 0
    with to.open("wb") as file:
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            done += len(chunk)
            progress(done, total, "bytes")
    if total is not None and done != total:
        raise EOFError(f"{done:,} bytes came, {total:,} were announced")


def _disk_is_full(error: Exception) -> bool:
    return getattr(error, "errno", None) == 28


def _short(error: Exception) -> str:
    text = str(getattr(error, "reason", None) or error).split("\n")[0]
    cause = text.rsplit(": ", 1)[-1].strip("()'\" ")
    return cause[:160] or type(error).__name__


def _kind(response: Response) -> str:
    return response.headers.get("Content-Type", "no content type").split(";")[0]


class _FolderAdapter(BaseAdapter):
    """Answers requests from a folder laid out as HOST/PATH, so that files take the same code path as servers."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root.resolve()

    def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
        parts = urlsplit(str(request.url))
        path = (self._root / str(parts.hostname) / unquote(parts.path).lstrip("/")).resolve()
        if parse_qs(parts.query).get("returnCountOnly") == ["true"]:
            path = path.with_name(path.name + ".count.json")
        if path.is_dir():
            path = path / "index.json"
        response = Response()
        response.request, response.url = request, str(request.url)
        inside = path.is_relative_to(self._root) and path.is_file()
        response.status_code = 200 if inside else 404
        body = path.read_bytes() if inside else b""
        response.raw = io.BytesIO(body)
        response.headers["Content-Length"] = str(len(body))
        response.headers["Content-Type"] = "application/json" if body[:1] in b"{[" else "application/octet-stream"
        return response

    def close(self) -> None:
        """Nothing is held open."""
