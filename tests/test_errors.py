from diffeliash import InputError


def test_the_four_parts_of_an_error_form_one_message():
    error = InputError("not a number", where="file:3", why="it is a word", hint="Mend it.")
    assert str(error) == "file:3: not a number: it is a word. Mend it."
    assert str(InputError("is it so?", hint="Yes.")) == "is it so? Yes."
    assert str(InputError("plain")) == "plain"
    assert error.as_dict() == {"what": "not a number", "where": "file:3", "why": "it is a word", "hint": "Mend it."}
