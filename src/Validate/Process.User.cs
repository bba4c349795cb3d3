using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void User(User? user)
    {
        // The kernel's own mask, umask(2).
        if (user?.Umask is > 0x1ff)
        {
            Add(new Fault("more than permission bits")
            {
                Field = "process.user.umask",
                Value = user.Umask.Value.ToString(),
                Hint = "use a number from 0 to 511 (octal 0777); JSON numbers are decimal",
            });
        }

        if (!MapsIds)
            return;

        // An absent user is 0:0.
        if (!IsUsable(user?.Uid ?? 0, UidMappings))
            Unmapped("process.user.uid", user?.Uid ?? 0, "uid");
        if (!IsUsable(user?.Gid ?? 0, GidMappings))
            Unmapped("process.user.gid", user?.Gid ?? 0, "gid");
        uint[] groups = user?.AdditionalGids ?? [];
        for (int i = 0; i < groups.Length; i++)
        {
            if (!IsUsable(groups[i], GidMappings))
                Unmapped($"process.user.additionalGids[{i}]", groups[i], "gid");
        }
    }

    private void Unmapped(string field, uint id, string kind) =>
        Add(new Fault($"the user namespace does not map this {kind}")
        {
            Field = field,
            Value = id.ToString(),
            Hint = $"add a range that contains it to linux.{kind}Mappings",
        });
}
