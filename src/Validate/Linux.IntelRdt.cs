using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void IntelRdt()
    {
        if (_config.Linux?.IntelRdt is not IntelRdt rdt)
            return;
        Utf8 name = rdt.ClosId;
        if (name.Is("."u8) || name.Is(".."u8) || (name.Length > 1 && name.IndexOf((byte)'/') >= 0))
        {
            Add(new Fault("not the name of a group")
            {
                Field = "linux.intelRdt.closID",
                Value = Shown(name),
                Hint = "use one directory name, or / for the root group",
            });
        }

        SchemaLine(rdt.L3CacheSchema, "linux.intelRdt.l3CacheSchema");
        SchemaLine(rdt.MemBwSchema, "linux.intelRdt.memBwSchema");
        for (int i = 0; i < rdt.Schemata?.Length; i++)
        {
            if (rdt.Schemata[i].IndexOf((byte)'\n') >= 0)
                SchemaLine(rdt.Schemata[i], $"linux.intelRdt.schemata[{i}]");
        }
    }

    private void SchemaLine(Utf8 line, string field)
    {
        if (line.IndexOf((byte)'\n') < 0)
            return;
        Add(new Fault("a schema is a single line")
        {
            Field = field,
            Value = Shown(line),
            Hint = "write each line as an entry of linux.intelRdt.schemata",
        });
    }
}
