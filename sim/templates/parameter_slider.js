// A slider of the browser that owns its value while a person moves it.
//
// The page draws all of its elements anew after each update of any of them. A value bound to the
// input alone would then be put back to the one that the server sent last, so it is kept here.
//
// Moves are numbered. One at a time is on its way to the server, which answers with its number;
// of those made meanwhile only the newest is sent, after a pause in which the page is usable. What
// the server says before it has seen the newest move is older than that move, and passed over.
const PAUSE = 150; // milliseconds
const PATIENCE = 3000; // after which a move that was not answered is sent again

export default {
  template: `
    <input type="range" :min="min" :max="max" :step="step" :value="current" @input="move" />
  `,
  props: { value: Number, seen: Number, min: Number, max: Number, step: Number },
  emits: ["moved"],
  data() {
    return { current: this.value, number: this.seen };
  },
  created() {
    // "post": once the page is drawn, which takes as long as it takes; only then the pause begins
    this.$watch(() => [this.value, this.seen], this.answered, { flush: "post" });
  },
  beforeUnmount() {
    clearTimeout(this.timer);
  },
  methods: {
    move(event) {
      this.current = Number(event.target.value);
      this.unsent = true;
      if (!this.timer) this.send();
    },
    send() {
      this.timer = null;
      if (!this.unsent && this.seen === this.number) return;
      this.unsent = false;
      this.number += 1;
      this.$emit("moved", this.current, this.number);
      this.timer = setTimeout(this.send, PATIENCE);
    },
    answered() {
      if (this.seen !== this.number) return;
      if (!this.unsent) this.current = this.value;
      if (!this.timer) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(this.send, PAUSE);
    },
  },
};
