/** What readers do beside reading: one request for each thing. */
class Requests {
  constructor(room) {
    this.room = room;
    this.failures = 0;
    this.position = null;
    this.stop = new AbortController();
    this.timer = setInterval(() => room.askPresence(), PRESENCE_ASKED_EVERY_MS);
  }

  fetch(address, options = {}) {
    return answered(fetch(address, { signal: this.stop.signal, ...options }));
  }

  /** Shows what was before, and finds out where to go on. */
  async begin() {
    const { room } = this;
    try {
      const response = await this.fetch(url("/history", [room.channel]));
      const { publications } = (await response.json()).history;
      for (const publication of publications.slice(0, HISTORY_MESSAGES).reverse()) {
        room.publication(room.channel, publication);
      }
      this.position = /"(.*)"/.exec(response.headers.get("ETag"))?.[1] ?? "";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // There is no history for us; whether we may read at all is another question.
      this.position = "";
    }
  }

  async publish(channel, data) {
    const body = JSON.stringify(data);
    await this.fetch(url("/publish", [channel]), { method: "POST", body });
  }

  async presence() {
    return (await this.fetch(url("/presence", [this.room.channel]))).json();
  }

  close() {
    clearInterval(this.timer);
    this.stop.abort();
  }
}

/** The browser's own EventSource. */
class Events extends Requests {
  presenceNote = "You are one of the anonymous connections: an EventSource has no name.";

  constructor(room) {
    super(room);
    this.hasOpened = false;
    this.open();
  }

  async open() {
    const { room } = this;
    try {
      if (this.position === null) await this.begin();
    } catch {
      return this.openLater();
    }
    if (room.isOver) return;
    const since = this.position ? { lastEventId: this.position } : {};
    const source = new EventSource(url("/sse", room.channels, since));
    this.source = source;
    const take = ({ data, lastEventId }) => {
      this.position = lastEventId || this.position;
      room.event(JSON.parse(data));
    };
    source.onmessage = take;
    source.addEventListener("gap", take);
    source.addEventListener("unsubscribe", ({ data }) => {
      const { channel, unsubscribe } = JSON.parse(data);
      if (channel === room.channel) room.refused(unsubscribe.reason);
    });
    source.onopen = () => {
      room.connected(this.hasOpened);
      this.hasOpened = true;
      this.failures = 0;
    };
    source.onerror = () => {
      if (room.isOver) return;
      // While it is connecting it comes back by itself. A refusal's status is not told to scripts.
      if (source.readyState === EventSource.CONNECTING) return room.lost();
      if (this.hasOpened) return this.openLater();
      room.refused("The channel could not be opened.");
    };
  }

  openLater() {
    if (this.room.isOver) return;
    this.room.lost();
    setTimeout(() => this.room.isOver || this.open(), delay(this.failures++));
  }

  close() {
    super.close();
    this.source?.close();
  }
}

/** Long polling. */
class Polls extends Requests {
  presenceNote = "You are not counted: long polling comes and goes with each request.";

  constructor(room) {
    super(room);
    this.run();
  }

  async run() {
    const { room } = this;
    let isConnected = false;
    let hasBeen = false;
    while (!room.isOver) {
      try {
        if (this.position === null) await this.begin();
        // The first request does not wait: its answer says that there is a connection.
        const since = this.position ? { since: this.position } : {};
        const wait = isConnected ? {} : { wait: 0 };
        const response = await this.fetch(url("/poll", room.channels, { ...since, ...wait }));
        const { position, events } = await response.json();
        const missed = events.filter(({ channel, pub }) => pub && channel === room.channel);
        const hasGap = events.some(({ channel, gap }) => gap && channel === room.channel);
        if (!isConnected) room.connected(hasBeen && !hasGap, missed.length);
        isConnected = hasBeen = true;
        this.failures = 0;
        this.position = position;
        events.forEach((event) => room.event(event));
      } catch (error) {
        if (room.isOver) return;
        if (error instanceof Refused) return room.refused(error.message);
        isConnected = false;
        room.lost();
        await sleep(delay(this.failures++));
      }
    }
  }
}

