// The last beats of a connection, oldest first; one element however many there are.
export default {
  template: `<span class="strip" role="img" :aria-label="label" :title="label"><i v-for="(beat, at) in padded" :key="at" :class="beat"></i></span>`,
  props: { beats: String, size: Number, label: String },
  computed: {
    padded() { return (this.beats || "").slice(-this.size).padStart(this.size, "n").split(""); },
  },
};
