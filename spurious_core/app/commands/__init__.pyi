from .drawing_command import draw_command as draw_command
from .terminal import (
    nearby as nearby,
    one_line_messages as one_line_messages,
    print_table as print_table,
    say as say,
    say_last as say_last,
)
