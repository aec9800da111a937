"Panels: a figure with its words, long work in steps, and failures of one line."

import asyncio
import signal
import threading
import time
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pytest
from ipywidgets import VBox

from spurious_core.explore import (
    Board,
    ComponentExplorer,
    DiscoveryBoard,
    GenerationBench,
    GroupExplorer,
    RunBrowser,
)
from spurious_core.explore.panels import Panel, error_line, paragraph

EXPLORERS = [Panel, ComponentExplorer, GroupExplorer, RunBrowser, GenerationBench, DiscoveryBoard, Board]


def counting(n, result="done"):
    for i in range(n):
        yield i / n, f"step {i}"
    return result


def failing():
    yield 0.5, "half"
    raise ValueError("<b>no</b>\nsecond line")


class Images(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found += [dict(attrs)] * (tag == "img")


@pytest.fixture
def panel():
    return Panel([])


def test_a_figure_is_shown_with_its_words_and_closed(panel):
    figure = plt.figure(figsize=(1, 1))
    panel.show(figure, "a <thing>")
    (image,) = Images(panel.picture.value).found
    assert image["alt"] == "a <thing>" and image["src"].startswith("data:image/png;base64,")
    assert figure.number not in plt.get_fignums()


def test_without_a_loop_work_is_done_at_once(panel):
    results = []
    panel.start(counting(3), results.append)
    assert results == ["done"] and panel.stop_button.disabled and not panel.status.value


def test_in_a_loop_others_have_their_turn_between_the_steps(panel):
    seen = []

    async def both():
        panel.start(counting(5), seen.append)
        for i in range(3):
            seen.append(i)
            await asyncio.sleep(0)
        while panel._work is not None:
            await asyncio.sleep(0)

    asyncio.run(both())
    assert seen == [0, 1, 2, "done"]


def test_a_button_stops_it(panel):
    seen = []

    async def stop_soon():
        panel.start(counting(10**9), seen.append)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not panel.stop_button.disabled and "step" in panel.status.value
        panel.stop_button.click()
        await asyncio.sleep(0)

    asyncio.run(stop_soon())
    assert seen == [] and "stopped" in panel.status.value and panel.stop_button.disabled


def test_new_work_takes_the_place_of_the_old(panel):
    seen = []

    async def twice():
        panel.start(counting(10**9), seen.append)
        await asyncio.sleep(0)
        panel.start(counting(2, "second"), seen.append)
        panel.finish()
        await asyncio.sleep(0)

    asyncio.run(twice())
    assert seen == ["second"]


def test_a_failure_is_one_line(panel):
    panel.start(failing(), print)
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in panel.status.value
    assert "second" not in panel.status.value and panel.stop_button.disabled


def test_what_is_done_with_the_result_may_fail(panel):
    panel.start(counting(1), lambda result: result.nothing)
    assert "AttributeError" in panel.status.value


def test_an_interrupted_kernel_stops_it(panel):
    def interrupted():
        yield 0.1, "begun"
        raise KeyboardInterrupt

    panel.start(interrupted(), print)
    assert "stopped" in panel.status.value


def test_a_kernel_that_ignores_interrupts_between_cells_hears_them_in_a_step(panel):
    def interrupted():
        yield 0.1, "begun"
        signal.raise_signal(signal.SIGINT)
        yield 0.2, "gone on"

    async def go_on():
        panel.start(interrupted(), print)
        for _ in range(5):
            await asyncio.sleep(0)

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as ipykernel does
    try:
        asyncio.run(go_on())
        assert "stopped" in panel.status.value and panel.stop_button.disabled
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_work_in_another_thread_leaves_interrupts_alone(panel):
    results = []
    thread = threading.Thread(target=panel.start, args=(counting(3), results.append))
    thread.start()
    thread.join()
    assert results == ["done"] and not panel.status.value


def until(condition):
    "Lets a loop go on until something holds."

    async def wait():
        end = asyncio.get_running_loop().time() + 20
        while not condition():
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.001)

    return wait()


def in_threads(*actions):
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    return threads


def noting_threads(n, seen):
    try:
        for i in range(n):
            yield i / n, f"step {i}"
            seen.append(threading.current_thread())
    finally:
        seen.append(threading.current_thread())


def test_what_another_thread_asks_for_is_done_where_the_panel_was_made():
    "JupyterLab hears widgets in a thread of their own, a subshell."
    seen, results, acted = [], [], []

    async def ask():
        panel = Panel([])
        in_threads(
            lambda: panel.start(noting_threads(3, seen), results.append),
            lambda: panel.act(lambda: acted.append(threading.current_thread())),
        )
        await until(lambda: results and acted)

    asyncio.run(ask())
    assert set(seen + acted) == {threading.main_thread()} and len(seen) == 4


def test_stop_is_heard_from_another_thread_while_a_step_is_going_on():
    "The generator is closed where its steps were taken."
    in_step, stopped, closed, results, raised = threading.Event(), threading.Event(), [], [], []

    def slow():
        try:
            yield 0.1, "begun"
            in_step.set()
            assert stopped.wait(20)
            yield 0.2, "gone on"
            raise AssertionError("a step after Stop")
        finally:
            closed.append(threading.current_thread())

    def click(panel):
        assert in_step.wait(20)
        try:
            panel.stop_button.click()
        except ValueError as error:
            raised.append(error)
        stopped.set()

    async def stop_it():
        panel = Panel([])
        panel.start(slow(), results.append)
        in_threads(lambda: click(panel))
        await until(lambda: closed)
        return panel

    panel = asyncio.run(stop_it())
    assert raised == results == [] and closed == [threading.main_thread()]
    assert "stopped" in panel.status.value and panel.stop_button.disabled and panel.bar.value == 0


class Network:
    "What notes whether two threads ask it at once."

    def __init__(self):
        self.asked, self.alone, self._free = 0, True, threading.Lock()

    def ask(self):
        alone = self._free.acquire(blocking=False)
        self.asked, self.alone = self.asked + 1, self.alone and alone
        time.sleep(0.002)
        if alone:
            self._free.release()

    def steps(self, n):
        for i in range(n):
            self.ask()
            yield i / n, f"asked {i}"


def ask_from_two_threads(panels, network, results):
    def asking(panel):
        return lambda: (panel.act(network.ask), panel.start(network.steps(20), results.append))

    return in_threads(*map(asking, panels))


@pytest.mark.parametrize("in_loop", [True, False])
def test_two_panels_never_ask_one_network_at_once(in_loop):
    network, results = Network(), []

    async def ask():
        ask_from_two_threads([Panel([]), Panel([])], network, results)
        await until(lambda: len(results) == 2)

    if in_loop:
        asyncio.run(ask())
    else:
        for thread in ask_from_two_threads([Panel([]), Panel([])], network, results):
            thread.join()
    assert network.alone and network.asked == 42 and results == [None, None]


@pytest.mark.parametrize("is_work", [True, False])
def test_an_interrupt_ends_what_another_thread_asked_for(is_work):
    gone_on = []

    def interrupted():
        signal.raise_signal(signal.SIGINT)
        gone_on.append(1)

    def steps():
        yield 0.1, "begun"
        interrupted()

    async def ask():
        panel = Panel([])
        asked = (lambda: panel.start(steps(), print)) if is_work else (lambda: panel.act(interrupted))
        in_threads(asked)
        await until(lambda: gone_on or "stopped" in panel.status.value)

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as ipykernel does
    try:
        asyncio.run(ask())
        assert gone_on == [] and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_words():
    assert error_line(KeyError()) == "KeyError"
    assert "&lt;i&gt;" in paragraph("<i>") and "#" not in paragraph("x")


@pytest.mark.parametrize("panel", EXPLORERS, ids=lambda c: c.__name__)
def test_no_name_of_the_widgets_own_is_taken(panel):
    "By ipywidgets' `open`, for one, a page hears of a widget; with an `open` of ours it is never shown."
    ours = {name for name in vars(panel) if not name.startswith("_")}
    assert ours & set(dir(VBox)) == set()
