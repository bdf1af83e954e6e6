class Settings:
    attrs = {}

    def __init__(self):
        self.LTO, self.MAIN_MODULE, self.MEMORY64 = 0, 0, 0


settings = Settings()
