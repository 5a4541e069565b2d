// Who said what lately: one element however many lines, so that news is one small message.
export default {
  template: `<div class="feed"><a v-for="one in items" :key="one.key" class="msg" :href="one.href"><div class="by"><b>{{ one.by }}</b><span>{{ one.where }}</span><time class="r" data-age="ago" :datetime="one.at"></time></div><p>{{ one.text }}</p></a></div>`,
  props: { items: Array },
};
