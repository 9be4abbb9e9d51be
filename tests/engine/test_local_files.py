"""Reading files of friendly and hostile folders: never outside, never too much, never waiting."""

import os
from pathlib import Path

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.local_files import (
    MAX_FILE_BYTES,
    read_image_file,
    read_process_file,
    read_process_label,
    read_workdir_file,
)
from dckgrade.report.observation import UnobservableReason
from tests.support.recorded_images import APP_LAYERS, pack_image


def test_a_file_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_bytes(b"{}\r\n")
    assert read_workdir_file(tmp_path, "profile.json") == b"{}\r\n"


def test_a_file_that_is_not_there_is_absent(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("nowhere")
    for name in ("profile.json", "broken", "profile.json/x"):
        with pytest.raises(NotThere):
            read_workdir_file(tmp_path, name)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        read_workdir_file(tmp_path / "none", "profile.json")


def test_a_link_within_the_folder_is_followed_and_one_that_leads_out_is_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret").write_text("x")
    (home / "real").write_text("y")
    (home / "within").symlink_to("real")
    (home / "out").symlink_to("../secret")
    assert read_workdir_file(home, "within") == b"y"
    for name in ("out", "../secret", str(tmp_path / "secret")):
        with pytest.raises(OutOfReach) as caught:
            read_workdir_file(home, name)
        assert caught.value.why is UnobservableReason.UNREADABLE


def test_an_image_file_is_read_within_the_folder_alone_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for folder in (home, tmp_path):
        (folder / "app.tar").write_bytes(pack_image(*APP_LAYERS))
    os.mkfifo(home / "pipe.tar")
    (image,) = read_image_file(home, "app.tar").images
    assert image.tags == ("mon-app:1.0",)
    assert image.layers == (None, None)
    with pytest.raises(NotThere):
        read_image_file(home, "none.tar")
    for name in ("../app.tar", "pipe.tar"):
        with pytest.raises(OutOfReach):
            read_image_file(home, name)


def test_links_in_a_circle_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OutOfReach):
        read_workdir_file(tmp_path, "a")


def test_what_is_no_file_is_unreadable_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(OutOfReach):
            read_workdir_file(tmp_path, name)


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * MAX_FILE_BYTES)
    assert len(read_workdir_file(tmp_path, "large")) == MAX_FILE_BYTES
    (tmp_path / "large").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(OutOfReach):
        read_workdir_file(tmp_path, "large")


def make_process_folder(folder: Path, cgroup: str, label: str | None) -> Path:
    (folder / "7" / "attr").mkdir(parents=True)
    (folder / "7" / "cgroup").write_text(cgroup)
    if label is not None:
        (folder / "7" / "attr" / "current").write_text(label)
    return folder


def test_the_label_of_a_process_is_read_if_it_is_the_containers(tmp_path: Path) -> None:
    home = make_process_folder(tmp_path, "0::/system.slice/docker-abc123.scope\n", "web (enforce)\n")
    assert read_process_label(home, 7, "abc123") == "web (enforce)"


def test_a_process_of_the_same_number_that_is_another_tells_nothing(tmp_path: Path) -> None:
    home = make_process_folder(tmp_path, "0::/user.slice\n", "web (enforce)\n")
    for pid in (7, 8, None, 0):
        with pytest.raises(NotThere):
            read_process_label(home, pid, "abc123")


def test_a_file_about_a_process_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    home = make_process_folder(tmp_path, "11:pids:/docker/abc123\n", None)
    (home / "7" / "status").write_bytes(b"Name:\t\xff\n")
    assert read_process_file(home, 7, "abc123", "status") == "Name:\t\ufffd\n"
    (home / "7" / "status").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    asked = [("abc123", "status"), ("abc123", "mountinfo"), ("", "status"), ("abc124", "status")]
    for container, name in asked:
        with pytest.raises(NotThere):
            read_process_file(home, 7, container, name)


def test_a_kernel_without_labels_tells_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        read_process_label(make_process_folder(tmp_path, "0::/docker/abc123\n", None), 7, "abc123")
