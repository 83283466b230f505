package funcs

// addEnums adds the functions over enums. They look at the type of an argument, whose value may be NULL.
func (r *registry) addEnums() {
	r.fn("enum_first", anyEnum, anyEnum).lax().stable().doc("first label of the argument's type", "")
	r.fn("enum_last", anyEnum, anyEnum).lax().stable().doc("last label of the argument's type", "")
	r.fn("enum_range", anyArray, anyEnum).lax().stable().doc("all labels of the argument's type, in their order", "")
	r.fn("enum_range", anyArray, anyEnum, anyEnum).lax().stable().doc("labels from the first argument to the second; NULL is the first or the last label", "")
}
