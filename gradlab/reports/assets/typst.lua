-- Words that Typst would read as the mark of a heading or a list where they stand first; pandoc 3.9 leaves them as they are.
local function escaped(inlines)
  local first = inlines[1]
  if first and first.t == "Str" and first.text:match("^[=+/-]+$") then
    inlines[1] = pandoc.RawInline("typst", (first.text:gsub(".", "\\%0")))
  end
  return inlines
end

local function block(found)
  found.content = escaped(found.content)
  return found
end

-- Three full stops are an ellipsis to Typst, whatever is typed.
local function dotted(str)
  if not str.text:find("...", 1, true) then
    return nil
  end
  local found, rest = {}, str.text
  while rest:find("...", 1, true) do
    local place = rest:find("...", 1, true)
    table.insert(found, pandoc.Str(rest:sub(1, place - 1)))
    table.insert(found, pandoc.RawInline("typst", "\\.\\.\\."))
    rest = rest:sub(place + 3)
  end
  table.insert(found, pandoc.Str(rest))
  return found
end

local function meta(found)
  found.title = found.title and escaped(found.title)
  for place, author in ipairs(found.author or {}) do
    found.author[place] = escaped(author)
  end
  return found
end

return { { Str = dotted }, { Plain = block, Para = block, Meta = meta } }
