using OciRun.Errors;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Root()
    {
        // With layers it is a mount point that need not exist.
        if (Layers())
            return;
        if (_config.Root is null)
            Add(new Fault("missing") { Field = "root", Hint = "name the directory of the root file system in root.path" });
        else if (_config.Root.Path.IsEmpty)
        {
            Add(new Fault(_config.Root.Path.IsNull ? "missing" : "must not be empty")
            {
                Field = "root.path",
                Hint = "name the directory of the root file system, absolute or relative to the bundle",
            });
        }
    }
}
