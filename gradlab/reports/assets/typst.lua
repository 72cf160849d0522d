-- Words that Typst would read as the mark of a heading or a list at the start of a block; pandoc 3.9 leaves them as they are.
local function escaped(block)
  local first = block.content[1]
  if first and first.t == "Str" and first.text:match("^[=+/-]+$") then
    block.content[1] = pandoc.RawInline("typst", first.text:gsub(".", "\\%0"))
  end
  return block
end
return { { Plain = escaped, Para = escaped } }
