#include <stdio.h>
#include <string.h>
#include <yaml.h>
static const unsigned char text[] = "numbers: [1, 2, {three: 3.5}]\nname: emroot\n";
int main(void) {
    yaml_parser_t parser;
    yaml_emitter_t emitter;
    yaml_event_t event;
    unsigned char out[200];
    size_t size = 0;
    int done = 0, events = 0;
    if (!yaml_parser_initialize(&parser) || !yaml_emitter_initialize(&emitter)) return 1;
    yaml_parser_set_input_string(&parser, text, sizeof text - 1);
    yaml_emitter_set_output_string(&emitter, out, sizeof out, &size);
    while (!done) {
        if (!yaml_parser_parse(&parser, &event)) return 2;
        done = event.type == YAML_STREAM_END_EVENT;
        events++;
        if (!yaml_emitter_emit(&emitter, &event)) return 3;
    }
    yaml_parser_delete(&parser);
    yaml_emitter_delete(&emitter);
    printf("%d events\n%.*s", events, (int)size, out);
    return size == sizeof text - 1 && !memcmp(out, text, size) ? 0 : 4;
}
