// The live connection. It comes back by itself, says how it is, and asks for what was missed.
//
// EventSource alone would give up for ever after an answer like 503, and would not notice a connection that is dead
// without a word; so breaks, waiting and silence are watched here.

const QUIET_MS_MAX = 20_000;
const WAIT_MS = [1000, 2000, 4000, 8000, 15_000];

export class Live {
  // handlers: { alert, suppressed, decision, status, gap }; onState(state, secondsToWait)
  constructor(handlers, onState) {
    this.handlers = handlers;
    this.onState = onState;
    this.last = null;
    this.source = null;
    this.failed = 0;
    this.timer = null;
    this.heardAt = 0;
    window.addEventListener("online", () => this.now());
    window.addEventListener("offline", () => this.broken());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.state === "away") this.now();
    });
    setInterval(() => {
      if (this.source && Date.now() - this.heardAt > QUIET_MS_MAX) this.broken();
    }, 2000);
  }

  start(cursor) {
    this.last = cursor;
    this.now();
  }

  now() {
    clearTimeout(this.timer);
    this.source?.close();
    this.heardAt = Date.now(); // a server that takes the connection may still never answer
    this.say("connecting");
    const source = new EventSource(`/api/events${this.last ? `?last=${encodeURIComponent(this.last)}` : ""}`);
    this.source = source;
    for (const name of ["alert", "suppressed", "decision", "status", "gap"]) {
      source.addEventListener(name, (event) => {
        if (source !== this.source) return;
        this.heardAt = Date.now();
        if (event.lastEventId) this.last = event.lastEventId;
        if (this.state !== "live") {
          this.failed = 0;
          this.say("live");
        }
        this.handlers[name]?.(JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      if (source === this.source) this.broken();
    };
  }

  broken() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    const wait = WAIT_MS[Math.min(this.failed, WAIT_MS.length - 1)] * (0.75 + Math.random() / 2);
    this.failed += 1;
    this.say("away", wait);
    this.timer = setTimeout(() => this.now(), wait);
  }

  say(state, wait = 0) {
    this.state = state;
    this.onState(state, wait);
  }
}
